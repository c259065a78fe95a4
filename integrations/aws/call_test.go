package aws

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

// closing is a body of the SDK: once it is closed, WriteTo says io.EOF.
type closing struct {
	*bytes.Reader
	closed bool
}

func (c *closing) WriteTo(w io.Writer) (int64, error) {
	if c.closed {
		return 0, io.EOF
	}
	return c.Reader.WriteTo(w)
}

func (c *closing) Read(p []byte) (int, error) {
	if c.closed {
		return 0, io.EOF
	}
	return c.Reader.Read(p)
}

func (c *closing) Close() error {
	c.closed = true
	return nil
}

// What net/http does with what is left of a body once the SDK has closed it.
func TestABodyThatTheSDKClosedIsNoFailedRequest(t *testing.T) {
	body := &closing{Reader: bytes.NewReader([]byte("Action=ListUsers"))}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1/", body)
	if err != nil {
		t.Fatal(err)
	}
	sent := readOnce(req)
	if err := body.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, body); err == nil {
		t.Fatal("the SDK's body is kinder than it was: the wrapper may go")
	}
	if _, err := io.Copy(io.Discard, sent.Body); err != nil {
		t.Errorf("the end of a closed body is told as %v", err)
	}
}

func TestARequestIsSentAsItIs(t *testing.T) {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1/", strings.NewReader("Action=ListUsers"))
	if err != nil {
		t.Fatal(err)
	}
	sent := readOnce(req)
	if text, err := io.ReadAll(sent.Body); err != nil || string(text) != "Action=ListUsers" || sent.ContentLength != req.ContentLength {
		t.Errorf("%q of %d bytes, %v", text, sent.ContentLength, err)
	}
	for _, none := range []io.ReadCloser{nil, http.NoBody} {
		req.Body = none
		if got := readOnce(req); got.Body != none {
			t.Errorf("no body became %v, which is sent in chunks", got.Body)
		}
	}
}
