package test

import (
	"fmt"
	"testing"
	"time"

	"lastday/workflows"
)

// TestNoSignalIsLostWhenACaseContinuesAsNew lets signals pile up while no
// worker runs, together with the timer of a stage and with more history than
// the server likes: the first thing that the next worker sees makes the case
// continue as new with all of them unread.
func TestNoSignalIsLostWhenACaseContinuesAsNew(t *testing.T) {
	t.Parallel()
	s := tell(t, growing(t), storyPolicy, 0, newMemory("code", "write"))
	s.begin()
	s.stopWorkers()
	s.skipTo(s.noticeAt)
	const many = 40
	for i := range many {
		s.send(workflows.SignalHold, workflows.HoldMessage{Message: says("ann", fmt.Sprint("hold ", i))})
	}
	s.serve(storyPolicy, 0)
	st := s.until("the last message's answer", func(st workflows.Status) bool { return st.Held != nil })
	for i := range many {
		if _, ok := st.Answer(fmt.Sprint("ann/hold ", i)); !ok {
			t.Errorf("message %d was lost", i)
		}
	}
	eventually(t, 30*time.Second, "a new run", func() bool { return len(s.histories(s.id())) > 1 })
	for i := range many {
		if _, ok := s.until("an answer of the new run", func(workflows.Status) bool { return true }).Answer(fmt.Sprint("ann/hold ", i)); !ok {
			t.Errorf("message %d was lost by the new run", i)
		}
	}
}
