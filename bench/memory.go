package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// measureMemory lets many cases sleep until their last day in a month.
func measureMemory(ctx context.Context, o options) (section, error) {
	s := section{
		Title: fmt.Sprintf("%d sleeping cases", o.sleepers),
		How:   "Started through the webhook, planned over 3 systems of 10 grants, cut in 30 days. Resident memory as the kernel tells it, before and after, with the worker's garbage given back.",
	}
	h, err := openHouse(ctx, o, shape{systems: 3, grants: 10, stages: scheduled, encrypt: true})
	if err != nil {
		return s, err
	}
	defer h.close() //nolint:errcheck // What is left lies in a temporary folder.
	if _, err := h.fallAsleep(ctx, 0, 1); err != nil {
		return s, err
	}
	before, err := h.weigh(ctx)
	if err != nil {
		return s, err
	}
	wait := h.profile(ctx, "sleepers")
	times, err := h.fallAsleep(ctx, 1, o.sleepers)
	if err != nil {
		return s, err
	}
	if err := wait(); err != nil {
		return s, err
	}
	after, err := h.weigh(ctx)
	if err != nil {
		return s, err
	}
	if err := h.keepProfile(ctx, "heap", "sleepers-heap"); err != nil {
		return s, err
	}
	n := float64(o.sleepers)
	s.add("acknowledged", times.acknowledged.Seconds(), "s", fmt.Sprintf("until the last POST was answered, %d at a time, while the worker works", senders))
	s.add("asleep", times.asleep.Seconds(), "s", "until every case has read its systems, has its plan and waits")
	s.add("rate", n/times.asleep.Seconds(), "1/s", "cases read, planned and put to sleep, each 7 activities and two workflows")
	s.add("worker per case", (after.worker-before.worker)/n, "B", "growth of the worker's resident memory; it keeps up to 10,000 open workflows cached")
	s.add("worker heap per case", (after.heap-before.heap)/n, "B", "growth of what is in use in the worker after a collection")
	s.add("server per case", (after.server-before.server)/n, "B", "growth of the server's resident memory; its caches are bounded")
	s.add("database per case", (after.database-before.database)/n, "B", "growth of the database on disk, the closed workflow of the event included")
	s.add("worker", after.worker/1e6, "MB", fmt.Sprintf("resident; %.0f MB with one case", before.worker/1e6))
	s.add("server", after.server/1e6, "MB", fmt.Sprintf("resident; %.0f MB with one case", before.server/1e6))
	s.add("sent again", float64(h.again.Load()), "", "events that the starter answered with 5xx because the server was too busy, and that were then sent again, as HR systems do")
	s.Note = "One run."
	return s, nil
}

type sleepTimes struct{ acknowledged, asleep time.Duration }

func (h *house) fallAsleep(ctx context.Context, first, n int) (sleepTimes, error) {
	began := h.o.now()
	if err := h.sendAll(ctx, first, n, h.o.inAMonth()); err != nil {
		return sleepTimes{}, err
	}
	acknowledged := h.o.now().Sub(began)
	err := h.awaitCount(ctx, "WorkflowType='Case' AND LastdayState='waiting'", first+n)
	return sleepTimes{acknowledged: acknowledged, asleep: h.o.now().Sub(began)}, err
}

// weights are in bytes.
type weights struct{ worker, server, heap, database float64 }

func (h *house) weigh(ctx context.Context) (weights, error) {
	in, err := h.look(ctx)
	if err != nil {
		return weights{}, err
	}
	worker, err := h.worker.resident()
	if err != nil {
		return weights{}, err
	}
	server, err := h.server.resident()
	if err != nil {
		return weights{}, err
	}
	files, err := filepath.Glob(filepath.Join(h.dir, "temporal.db*"))
	if err != nil {
		return weights{}, err
	}
	w := weights{worker: float64(worker), server: float64(server), heap: float64(in.Heap)}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			return w, err
		}
		w.database += float64(info.Size())
	}
	return w, nil
}
