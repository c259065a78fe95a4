package notifytest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"lastday/integrations/notify"
)

// Receiver is a webhook's other end. It takes only what is signed rightly.
type Receiver struct {
	// Secret is the signing secret that it shares with the sender.
	Secret string
	// Now is its clock; signatures older than five minutes are refused.
	Now func() time.Time

	mu       sync.Mutex
	server   *httptest.Server
	received []notify.Notice
	refused  []string
	status   int
}

// NewReceiver starts a Receiver that ends with the test.
func NewReceiver(t testing.TB, now func() time.Time) *Receiver {
	t.Helper()
	r := &Receiver{Secret: "whsec_" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef")), Now: now}
	r.server = httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(r.server.Close)
	return r
}

// URL is where it listens.
func (r *Receiver) URL() string { return r.server.URL + "/hook?key=in-the-address" }

// Received is what arrived and was signed rightly.
func (r *Receiver) Received() []notify.Notice {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]notify.Notice(nil), r.received...)
}

// Refused says why calls were refused.
func (r *Receiver) Refused() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.refused...)
}

// Break answers every call with a status, and Mend ends it.
func (r *Receiver) Break(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

// Mend ends what Break began.
func (r *Receiver) Mend() { r.Break(0) }

func (r *Receiver) serve(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, 64<<10))
	if err != nil {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	if r.status != 0 {
		w.WriteHeader(r.status)
		return
	}
	var n notify.Notice
	why := r.Verify(req.Header, body)
	if why == "" && json.Unmarshal(body, &n) != nil {
		why = "no notice"
	}
	if why == "" && n.ID != req.Header.Get("webhook-id") {
		why = "the id in the header is another"
	}
	if why != "" {
		r.refused = append(r.refused, why)
		http.Error(w, why, http.StatusUnauthorized)
		return
	}
	r.received = append(r.received, n)
	w.WriteHeader(http.StatusNoContent)
}

// Verify says what is wrong with the signature of a call, empty if nothing is.
func (r *Receiver) Verify(header http.Header, body []byte) string {
	id, at := header.Get("webhook-id"), header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(at, 10, 64)
	if id == "" || err != nil {
		return "no id or time"
	}
	if age := r.Now().Sub(time.Unix(seconds, 0)); age > 5*time.Minute || age < -5*time.Minute {
		return "the time is off"
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(r.Secret, "whsec_"))
	if err != nil {
		return "our own secret is no base64"
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + at + "." + string(body)))
	for signature := range strings.FieldsSeq(header.Get("webhook-signature")) {
		got, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(signature, "v1,"))
		if err == nil && hmac.Equal(got, mac.Sum(nil)) {
			return ""
		}
	}
	return "no signature fits"
}
