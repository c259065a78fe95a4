package httpx

import (
	"bytes"
	"container/list"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// Cache remembers answers with their ETag, so that the far side can say "not
// modified" instead of sending them again. Nothing is taken from it without
// asking: every answer was confirmed by the far side in the same call. It is
// bounded, and safe for use by several goroutines. A Cache belongs to one
// credential: another may be shown other things.
type Cache struct {
	mu      sync.Mutex
	entries int
	bytes   int64
	held    int64
	byKey   map[string]*list.Element
	order   *list.List
}

// NewCache makes a Cache of at most so many answers and bytes of bodies.
func NewCache(entries int, size int64) *Cache {
	return &Cache{entries: entries, bytes: size, byKey: map[string]*list.Element{}, order: list.New()}
}

// Len is how many answers it holds, Size how many bytes.
func (c *Cache) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.order.Len()
}

// Size is how many bytes of bodies it holds.
func (c *Cache) Size() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held
}

type cached struct {
	key    string
	etag   string
	header http.Header
	body   []byte
}

func (c *Cache) get(key string) (cached, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.byKey[key]
	if !ok {
		return cached{}, false
	}
	c.order.MoveToFront(element)
	return element.Value.(cached), true
}

func (c *Cache) put(entry cached) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if element, ok := c.byKey[entry.key]; ok {
		c.drop(element)
	}
	c.byKey[entry.key] = c.order.PushFront(entry)
	c.held += int64(len(entry.body))
	for c.order.Len() > c.entries || c.held > c.bytes {
		c.drop(c.order.Back())
	}
}

func (c *Cache) drop(element *list.Element) {
	entry := c.order.Remove(element).(cached)
	delete(c.byKey, entry.key)
	c.held -= int64(len(entry.body))
}

// conditional is the part of the stack that asks with If-None-Match.
type conditional struct {
	next  http.RoundTripper
	cache *Cache
}

// RoundTrip makes one call, and gives back the remembered body if the far side
// says that it still holds.
func (t *conditional) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method != http.MethodGet || req.Header.Get("If-None-Match") != "" || req.Header.Get("Range") != "" {
		return t.next.RoundTrip(req)
	}
	key := req.Header.Get("Accept") + " " + req.URL.String()
	entry, known := t.cache.get(key)
	ask := req
	if known {
		ask = req.Clone(req.Context())
		ask.Header.Set("If-None-Match", entry.etag)
	}
	resp, err := t.next.RoundTrip(ask)
	if err != nil {
		return nil, err
	}
	if known && resp.StatusCode == http.StatusNotModified {
		countSpared(req)
		return entry.revive(resp), nil
	}
	if etag := resp.Header.Get("Etag"); resp.StatusCode == http.StatusOK && etag != "" && !strings.Contains(resp.Header.Get("Cache-Control"), "no-store") {
		resp.Body = &remembering{ReadCloser: resp.Body, cache: t.cache, entry: cached{key: key, etag: etag, header: resp.Header.Clone()}}
	}
	return resp, nil
}

// revive makes the whole answer of a "not modified". The new headers win: they
// hold the quota that is left.
func (e cached) revive(fresh *http.Response) *http.Response {
	fresh.Body.Close()
	header := e.header.Clone()
	maps.Copy(header, fresh.Header)
	header.Set("Content-Length", strconv.Itoa(len(e.body)))
	whole := *fresh
	whole.StatusCode, whole.Status = http.StatusOK, "200 OK"
	whole.Header, whole.ContentLength = header, int64(len(e.body))
	whole.Body = io.NopCloser(bytes.NewReader(e.body))
	return &whole
}

// remembering keeps a body as it is read, and puts it into the cache once it was
// read to its end without an error.
type remembering struct {
	io.ReadCloser
	cache  *Cache
	entry  cached
	tooBig bool
	done   bool
}

// Read reads on.
func (r *remembering) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if int64(len(r.entry.body)+n) > r.cache.bytes {
		r.tooBig, r.entry.body = true, nil
	}
	if !r.tooBig {
		r.entry.body = append(r.entry.body, p[:n]...)
	}
	if err == io.EOF && !r.tooBig && !r.done {
		r.done = true
		r.cache.put(r.entry)
	}
	return n, err
}

// Close ends the call. A reader that stops after the last value has not seen
// the end yet: it is looked for, over a few bytes.
func (r *remembering) Close() error {
	const few = 512
	if !r.done && !r.tooBig && len(r.entry.body) > 0 {
		_, _ = io.CopyN(io.Discard, r, few) // an error means that the answer is not remembered
	}
	return r.ReadCloser.Close()
}
