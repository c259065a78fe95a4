package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"golang.org/x/sync/errgroup"

	"lastday"
	"lastday/intake"
)

// leaver is one person who leaves, by number.
type leaver struct {
	number int
	// lastDay is zero for one who leaves at once.
	lastDay lastday.Date
}

func (l leaver) person() string     { return fmt.Sprintf("p-%06d", l.number) }
func (l leaver) engagement() string { return fmt.Sprintf("emp-%06d", l.number) }

// event is what HR sends about the leaver, as docs/hr-events.md has it.
func (l leaver) event(now time.Time) ([]byte, error) {
	kind, separation := "immediate", map[string]any{"kind": "immediate"}
	if !l.lastDay.IsZero() {
		kind, separation = "scheduled", map[string]any{"kind": "scheduled", "lastDay": l.lastDay.String()}
	}
	return json.Marshal(map[string]any{
		"specversion": "1.0", "id": "evt-" + l.person(), "source": "hr://bench.example/people",
		"type": "offboard.separation." + kind + ".v1", "time": now.UTC().Format(time.RFC3339), "sequence": strconv.Itoa(l.number),
		"data": map[string]any{
			"person":     map[string]any{"id": l.person(), "name": "A Leaver", "emails": []string{l.person() + "@bench.example"}},
			"engagement": map[string]any{"id": l.engagement(), "workerType": "employee", "timeZone": "UTC", "timeZoneBasis": "worker"},
			"separation": separation,
		},
	})
}

// send sends the leaver's event to the starter and says how long the starter
// took to take it. Like an HR system it waits and tries again after a 5xx;
// h.again counts how often, and the time is that of the attempt that was taken.
func (h *house) send(ctx context.Context, l leaver) (time.Duration, error) {
	const attempts = 60
	for n := range attempts {
		took, taken, err := h.attempt(ctx, l)
		if err != nil || taken {
			return took, err
		}
		h.again.Add(1)
		if err := pause(ctx, min(time.Duration(n+1)*100*time.Millisecond, 5*time.Second)); err != nil {
			return 0, err
		}
	}
	said, err := os.ReadFile(h.starter.log)
	err = errors.Join(err, h.alive(), errors.New(tail(string(said), 1000)))
	return 0, fmt.Errorf("the starter did not take the event of %s in %d attempts: %w", l.person(), attempts, err)
}

func pause(ctx context.Context, d time.Duration) error {
	over := time.NewTimer(d)
	defer over.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-over.C:
		return nil
	}
}

func (h *house) attempt(ctx context.Context, l leaver) (took time.Duration, taken bool, err error) {
	request, err := h.request(ctx, l)
	if err != nil {
		return 0, false, err
	}
	began := h.o.now()
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, false, err
	}
	took = h.o.now().Sub(began)
	text, err := io.ReadAll(answer.Body)
	if err = errors.Join(err, answer.Body.Close()); err != nil {
		return 0, false, err
	}
	switch {
	case answer.StatusCode/100 == 2:
		return took, true, nil
	case answer.StatusCode >= http.StatusInternalServerError:
		return took, false, nil
	}
	return took, false, fmt.Errorf("the starter answered %d: %s", answer.StatusCode, text)
}

// request is the leaver's event, signed.
func (h *house) request(ctx context.Context, l leaver) (*http.Request, error) {
	now := h.o.now()
	body, err := l.event(now)
	if err != nil {
		return nil, err
	}
	header, err := intake.Sign(h.secret, "evt-"+l.person(), now, body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+h.listen+"/v1/hooks/people", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	header.Set("Content-Type", "application/json")
	request.Header = header
	return request, nil
}

// senders is how many events are under way at a time.
const senders = 8

// sendAll sends the events of the leavers with numbers from first on.
func (h *house) sendAll(ctx context.Context, first, n int, lastDay lastday.Date) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(senders)
	for i := range n {
		group.Go(func() error {
			_, err := h.send(ctx, leaver{number: first + i, lastDay: lastDay})
			return err
		})
	}
	return group.Wait()
}

// awaitCount waits until so many workflows match a query. The more there are,
// the dearer the asking: it must not be what is measured.
func (h *house) awaitCount(ctx context.Context, query string, want int) error {
	every := min(100*time.Millisecond+time.Duration(want)*time.Millisecond/4, time.Second)
	return until(ctx, fmt.Sprintf("%d of %s", want, query), every, func() (bool, error) {
		if err := h.alive(); err != nil {
			return false, err
		}
		n, err := h.count(ctx, query)
		return n >= want, err
	})
}

func countRequest(query string) *workflowservice.CountWorkflowExecutionsRequest {
	return &workflowservice.CountWorkflowExecutionsRequest{Namespace: "default", Query: query}
}

// inAMonth is a last day on which nothing that is measured happens.
func (o options) inAMonth() lastday.Date { return lastday.DateOf(o.now().UTC()).AddDays(30) }
