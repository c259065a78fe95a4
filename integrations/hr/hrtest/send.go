package hrtest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"

	"lastday"
	"lastday/integrations/hr"
)

// Deliver sends what waits in the outbox to a hook. An event that is not taken
// (5xx, or no answer) stays in the outbox for the next Deliver, and so do those
// behind it; one that is refused (4xx) is given up, as most HR systems do.
//
// It gives the statuses of all answers. CodeTransient: something stayed.
func (h *HR) Deliver(ctx context.Context, hook string) ([]int, error) {
	var statuses []int
	for {
		event, lost, again, ok := h.next()
		if !ok {
			return statuses, nil
		}
		for range again {
			status, err := h.send(ctx, hook, event)
			if err != nil {
				return statuses, err
			}
			statuses = append(statuses, status)
			if status >= http.StatusInternalServerError {
				return statuses, lastday.Errorf(lastday.CodeTransient, "hrtest: deliver", "the hook answered %d", status)
			}
		}
		h.done(event, lost)
	}
}

// next takes the next event to send, and says how often.
func (h *HR) next() (event Event, lost bool, times int, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.outbox) == 0 {
		return Event{}, false, 0, false
	}
	if h.reversed {
		slices.Reverse(h.outbox)
		h.reversed = false
	}
	switch {
	case h.lose > 0:
		return h.outbox[0], true, 0, true
	case h.twice > 0:
		return h.outbox[0], false, 2, true
	}
	return h.outbox[0], false, 1, true
}

func (h *HR) done(event Event, lost bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.outbox = slices.DeleteFunc(h.outbox, func(e Event) bool { return e.ID == event.ID })
	switch {
	case lost:
		h.lose--
	case h.twice > 0:
		h.twice--
	}
}

// Send signs and sends one event now, whatever the outbox holds: an old one
// again, or one that a test made up.
//
// CodeTransient: no answer.
func (h *HR) Send(ctx context.Context, hook string, event Event) (int, error) {
	return h.send(ctx, hook, event)
}

func (h *HR) send(ctx context.Context, hook string, event Event) (int, error) {
	const op = "hrtest: send"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, hook, bytes.NewReader(event.Body))
	if err != nil {
		return 0, lastday.Errorf(lastday.CodeInvalid, op, "the address of the hook is malformed")
	}
	signature, err := hr.StandardWebhooks().Sign(h.options.Secret, event.ID, h.options.Clock(), event.Body)
	if err != nil {
		return 0, err
	}
	request.Header = signature
	request.Header.Set("Content-Type", "application/cloudevents+json")
	response, err := h.options.Client.Do(request)
	if err != nil {
		return 0, lastday.Wrap(lastday.CodeTransient, op, "no answer", err)
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10))
	if err != nil {
		return 0, lastday.Wrap(lastday.CodeTransient, op, "half an answer", err)
	}
	return response.StatusCode, nil
}

// ReadPath is the path that Handler answers, as a template for the url of a
// source.
const ReadPath = "/v1/people/{person}/engagements/{engagement}"

// Handler answers whoever asks about one engagement with the canonical data.
func (h *HR) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+ReadPath, h.tell)
	return mux
}

func (h *HR) tell(w http.ResponseWriter, r *http.Request) {
	if h.options.Token != "" && r.Header.Get("Authorization") != "Bearer "+h.options.Token {
		http.Error(w, `{"error":"who are you"}`, http.StatusUnauthorized)
		return
	}
	e, ok := h.Employment(r.PathValue("person"), r.PathValue("engagement"))
	if !ok {
		http.Error(w, `{"error":"not found"}`, http.StatusNotFound)
		return
	}
	body, err := json.Marshal(e.data())
	if err != nil {
		http.Error(w, `{"error":"encode"}`, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	// The one who asked may be gone.
	_, _ = w.Write(body)
}
