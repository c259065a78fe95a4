package intake

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"lastday"
)

// ratePerMinute is what we tell senders that ask how fast they may send.
const ratePerMinute = 600

// handshake answers the question of CloudEvents senders whether they may send
// here (https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md,
// section 4). A WebHook-Request-Callback is not called: that would let anybody
// make us call anybody.
func (r *receiver) handshake(w http.ResponseWriter, q *http.Request) {
	if _, known := r.sources[q.PathValue("source")]; !known {
		r.answer(w, OutcomeNoSource)
		return
	}
	w.Header().Set("Allow", "POST, OPTIONS")
	origin := q.Header.Get("WebHook-Request-Origin")
	if !r.mayAsk(origin) {
		r.Log.WarnContext(q.Context(), "handshake refused", "op", "intake: handshake", "code", string(lastday.CodeDenied))
		say(w, http.StatusForbidden, "refused")
		return
	}
	w.Header().Set("WebHook-Allowed-Origin", origin)
	if wanted := q.Header.Get("WebHook-Request-Rate"); wanted != "" {
		w.Header().Set("WebHook-Allowed-Rate", strconv.Itoa(allowedRate(wanted)))
	}
	say(w, http.StatusOK, "allowed")
}

func (r *receiver) mayAsk(origin string) bool {
	plain := len(origin) <= 253 && strings.Trim(strings.ToLower(origin), "abcdefghijklmnopqrstuvwxyz0123456789.-") == ""
	return origin != "" && plain && (len(r.Origins) == 0 || slices.Contains(r.Origins, origin))
}

// allowedRate grants what is asked for, up to our own bound.
func allowedRate(wanted string) int {
	n, err := strconv.Atoi(wanted)
	if err != nil || n <= 0 {
		return ratePerMinute
	}
	return min(n, ratePerMinute)
}
