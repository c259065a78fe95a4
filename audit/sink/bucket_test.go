package sink_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lastday"
	"lastday/audit/sink"
)

// bucket is a store with one bucket that behaves like S3 where a sink can
// notice: signatures, paging in order of keys, conditions, locks, checksums.
type bucket struct {
	t       *testing.T
	turn    sync.Mutex
	objects map[string]object
	// page is how many keys a list has at most.
	page int
	// trouble, if set, answers instead.
	trouble func(w http.ResponseWriter, r *http.Request) bool
	lists   int
}

type object struct {
	text, lock, until string
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.turn.Lock()
	defer b.turn.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		b.t.Error(err)
	}
	if why := wrongSignature(r, body); why != "" {
		b.t.Log(why)
		http.Error(w, "<Error><Code>SignatureDoesNotMatch</Code></Error>", http.StatusForbidden)
		return
	}
	if b.trouble != nil && b.trouble(w, r) {
		return
	}
	key, ok := strings.CutPrefix(r.URL.Path, "/evidence")
	key = strings.TrimPrefix(key, "/")
	switch {
	case !ok:
		http.Error(w, "<Error><Code>NoSuchBucket</Code></Error>", http.StatusNotFound)
	case r.Method == http.MethodPut:
		b.put(w, r, key, string(body))
	case key == "":
		b.list(w, r.URL.Query())
	default:
		o, ok := b.objects[key]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(w, o.text)
	}
}

func (b *bucket) put(w http.ResponseWriter, r *http.Request, key, text string) {
	sum := sha256.Sum256([]byte(text))
	_, exists := b.objects[key]
	switch {
	case r.Header.Get("If-None-Match") == "*" && exists:
		w.WriteHeader(http.StatusPreconditionFailed)
	case r.Header.Get("X-Amz-Checksum-Sha256") != base64.StdEncoding.EncodeToString(sum[:]):
		w.WriteHeader(http.StatusBadRequest)
	default:
		b.objects[key] = object{text, r.Header.Get("X-Amz-Object-Lock-Mode"), r.Header.Get("X-Amz-Object-Lock-Retain-Until-Date")}
	}
}

func (b *bucket) list(w http.ResponseWriter, q url.Values) {
	b.lists++
	after := max(q.Get("start-after"), q.Get("continuation-token"))
	keys := slices.DeleteFunc(slices.Sorted(maps.Keys(b.objects)), func(k string) bool { return k <= after || !strings.HasPrefix(k, q.Get("prefix")) })
	more := len(keys) > b.page
	if more {
		keys = keys[:b.page]
	}
	_, _ = io.WriteString(w, `<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`)
	for _, k := range keys {
		_, _ = fmt.Fprintf(w, "<Contents><Key>%s</Key></Contents>", k)
	}
	if more {
		_, _ = fmt.Fprintf(w, "<IsTruncated>true</IsTruncated><NextContinuationToken>%s</NextContinuationToken>", keys[len(keys)-1])
	}
	_, _ = io.WriteString(w, `</ListBucketResult>`)
}

// wrongSignature says what is wrong with the signature of a request, worked out
// anew from what the manual says:
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
func wrongSignature(r *http.Request, body []byte) string {
	var id, date, region, names, signature string
	auth := strings.NewReplacer(",", " ", "/", " ").Replace(r.Header.Get("Authorization"))
	if _, err := fmt.Sscanf(auth, "AWS4-HMAC-SHA256 Credential=%s %s %s s3 aws4_request SignedHeaders=%s Signature=%s", &id, &date, &region, &names, &signature); err != nil {
		return "no signature: " + err.Error()
	}
	stamp := r.Header.Get("X-Amz-Date")
	sum := sha256.Sum256(body)
	switch {
	case id != "AKIDEXAMPLE" || region != "eu-central-1":
		return "another key or region"
	case stamp != noon().Format("20060102T150405Z") || !strings.HasPrefix(stamp, date):
		return "another time"
	case r.Header.Get("X-Amz-Content-Sha256") != hex.EncodeToString(sum[:]):
		return "another body"
	case r.Header.Get("X-Amz-Security-Token") != "tok-en":
		return "no session token"
	}
	for _, must := range []string{"host", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"} {
		if !slices.Contains(strings.Split(names, ";"), must) {
			return must + " is not signed"
		}
	}
	canonical := []string{r.Method, r.URL.EscapedPath(), strings.ReplaceAll(r.URL.Query().Encode(), "+", "%20")}
	for name := range strings.SplitSeq(names, ";") {
		value := strings.TrimSpace(r.Header.Get(name))
		if name == "host" {
			value = r.Host
		}
		if name == "content-length" {
			value = fmt.Sprint(r.ContentLength)
		}
		canonical = append(canonical, name+":"+value)
	}
	canonical = append(canonical, "", names, hex.EncodeToString(sum[:]))
	digest := sha256.Sum256([]byte(strings.Join(canonical, "\n")))
	text := "AWS4-HMAC-SHA256\n" + stamp + "\n" + date + "/" + region + "/s3/aws4_request\n" + hex.EncodeToString(digest[:])
	key := []byte("AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
	for _, part := range []string{date, region, "s3", "aws4_request"} {
		key = mac(key, part)
	}
	if hex.EncodeToString(mac(key, text)) != signature {
		return "the signature is wrong for:\n" + strings.Join(canonical, "\n")
	}
	return ""
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func newBucket(t *testing.T, change func(*sink.BucketConfig)) (*bucket, *sink.Bucket) {
	t.Helper()
	far := &bucket{t: t, objects: map[string]object{}, page: 2}
	server := httptest.NewServer(far)
	t.Cleanup(server.Close)
	c := sink.BucketConfig{
		Name: "bucket", Endpoint: server.URL, Region: "eu-central-1", Bucket: "evidence",
		AccessKey: "env:ID", SecretKey: "env:KEY", SessionToken: "env:TOKEN",
	}
	if change != nil {
		change(&c)
	}
	b, err := sink.NewBucket(t.Context(), c, deps())
	if err != nil {
		t.Fatal(err)
	}
	return far, b
}

func inBucket(t *testing.T) place {
	far, b := newBucket(t, nil)
	return place{b, func() [][]byte {
		var all [][]byte
		for _, o := range far.objects {
			all = append(all, []byte(o.text))
		}
		return all
	}}
}

func TestABucketLocksWhatItIsGiven(t *testing.T) {
	far, b := newBucket(t, func(c *sink.BucketConfig) { c.LockMode, c.LockFor = "COMPLIANCE", 48*time.Hour })
	key, _ := newKey(t)
	if err := b.Put(t.Context(), signed(t, key, 0, "a")); err != nil {
		t.Fatal(err)
	}
	o := far.objects["checkpoints/00000000000000000001-20261127T120000.000Z.txt"]
	if o.lock != "COMPLIANCE" || o.until != "2026-11-29T12:00:00Z" {
		t.Errorf("got %+v", far.objects)
	}
}

func TestABucketIsReadFromWhereItWasReadLast(t *testing.T) {
	far, b := newBucket(t, nil)
	key, _ := newKey(t)
	for n := range 7 {
		if err := b.Put(t.Context(), signed(t, key, time.Duration(n)*time.Minute, strings.Split(strings.Repeat("x", n+1), "")...)); err != nil {
			t.Fatal(err)
		}
	}
	far.lists = 0
	for range 3 {
		if last, err := b.Last(t.Context()); err != nil || last.Size != 7 {
			t.Errorf("got %+v, %v", last, err)
		}
	}
	if far.lists != 3 {
		t.Errorf("%d lists for 3 questions", far.lists)
	}
	for name := range far.objects {
		delete(far.objects, name)
	}
	if _, err := b.Last(t.Context()); lastday.CodeOf(err) != lastday.CodeProtected {
		t.Errorf("all are gone, and it said %v", err)
	}
}

func TestWhatABucketAnswersIsClassified(t *testing.T) {
	key, _ := newKey(t)
	c := signed(t, key, 0, "a")
	status := func(n int) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(n)
			return true
		}
	}
	onPut := func(n int) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			return r.Method == http.MethodPut && status(n)(w, r)
		}
	}
	for what, c2 := range map[string]struct {
		trouble func(http.ResponseWriter, *http.Request) bool
		want    lastday.Code
	}{
		"denied":       {status(403), lastday.CodeDenied},
		"no bucket":    {status(404), lastday.CodeInvalid},
		"slow down":    {status(503), lastday.CodeTransient},
		"too many":     {status(429), lastday.CodeRateLimited},
		"a redirect":   {status(307), lastday.CodeInvalid},
		"raced":        {onPut(412), lastday.CodeTransient},
		"no condition": {onPut(501), lastday.CodeUnsupported},
		"put denied":   {onPut(403), lastday.CodeDenied},
		"not XML": {func(w http.ResponseWriter, _ *http.Request) bool {
			_, _ = io.WriteString(w, "hello")
			return true
		}, lastday.CodeInvalid},
		"endless": {func(w http.ResponseWriter, _ *http.Request) bool {
			_, _ = w.Write(make([]byte, 5<<20))
			return true
		}, lastday.CodeInvalid},
		"in circles": {func(w http.ResponseWriter, _ *http.Request) bool {
			_, _ = io.WriteString(w, "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>a</NextContinuationToken></ListBucketResult>")
			return true
		}, lastday.CodeInvalid},
	} {
		far, b := newBucket(t, nil)
		far.trouble = c2.trouble
		err := b.Put(t.Context(), c)
		if lastday.CodeOf(err) != c2.want || lastday.CodeOf(err) == lastday.CodeRateLimited && lastday.RetryAfterOf(err) != 7*time.Second {
			t.Errorf("%s: got %v", what, err)
		}
		if err != nil && (strings.Contains(err.Error(), "127.0.0.1") || strings.Contains(err.Error(), "AKID")) {
			t.Errorf("%s: the error says too much: %v", what, err)
		}
	}
}

func TestABucketThatMakesNoSenseIsRefused(t *testing.T) {
	good := sink.BucketConfig{Name: "n", Endpoint: "https://s3.example", Bucket: "evidence", AccessKey: "env:ID", SecretKey: "env:KEY"}
	if _, err := sink.NewBucket(t.Context(), good, deps()); err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(*sink.BucketConfig){
		"name":        func(c *sink.BucketConfig) { c.Name = "" },
		"plain http":  func(c *sink.BucketConfig) { c.Endpoint = "http://s3.example" },
		"credentials": func(c *sink.BucketConfig) { c.Endpoint = "https://a:b@s3.example" },
		"bucket":      func(c *sink.BucketConfig) { c.Bucket = "../x" },
		"prefix":      func(c *sink.BucketConfig) { c.Prefix = "no-slash" },
		"key":         func(c *sink.BucketConfig) { c.AccessKey = "env:NONE" },
		"same key":    func(c *sink.BucketConfig) { c.SecretKey = "env:ID" },
		"lock":        func(c *sink.BucketConfig) { c.LockMode = "FOREVER" },
		"lock time":   func(c *sink.BucketConfig) { c.LockMode = "COMPLIANCE" },
	} {
		c := good
		change(&c)
		if _, err := sink.NewBucket(t.Context(), c, deps()); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%s: got %v", what, err)
		}
	}
}
