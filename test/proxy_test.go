package test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/encoding/gzip" // Callers may compress.
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// proxy stands between a worker and Temporal and knows which activity a call is
// about. It passes everything on as it came; before and after each call of
// interest it asks the trap, which may kill the worker right there.
type proxy struct {
	address string
	server  *grpc.ClientConn

	mu sync.Mutex
	// tokens names the activity of each task that was handed out.
	tokens map[string]string
	// eagerly are the activities whose tasks came with the answer to their scheduling.
	eagerly map[string]bool
	trap    func(at point) (sprung bool)
}

// point is a moment at the boundary of an activity.
type point struct {
	// Step is schedule, start or complete, or write for a write of the far side.
	Step string
	// What names the activity, or the number of the write.
	What string
	// After says that the call took effect and only its answer is lost.
	After bool
}

func (p point) String() string {
	side := "before"
	if p.After {
		side = "after"
	}
	return side + " " + p.Step + " " + strings.ReplaceAll(p.What, "/", ".")
}

const (
	stepSchedule = "schedule"
	stepStart    = "start"
	stepComplete = "complete"
	stepWrite    = "write"
)

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	conn, err := grpc.NewClient(to, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{address: listener.Addr().String(), server: conn, tokens: map[string]string{}, eagerly: map[string]bool{}}
	server := grpc.NewServer(grpc.ForceServerCodec(frames{}), grpc.UnknownServiceHandler(p.pass), grpc.MaxRecvMsgSize(64<<20))
	go func() { _ = server.Serve(listener) }() // It ends with Stop.
	t.Cleanup(func() { server.Stop(); _ = conn.Close() })
	return p
}

// arm sets the trap; nil disarms it.
func (p *proxy) arm(trap func(point) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trap = trap
}

func (p *proxy) springs(at point) bool {
	p.mu.Lock()
	trap := p.trap
	p.mu.Unlock()
	return trap != nil && trap(at)
}

// frames leaves messages as the bytes that they are.
type frames struct{}

// Marshal gives the bytes.
func (frames) Marshal(v any) ([]byte, error) {
	frame, ok := v.(*[]byte)
	if !ok {
		return nil, errors.New("not a frame")
	}
	return *frame, nil
}

// Unmarshal takes the bytes.
func (frames) Unmarshal(data []byte, v any) error {
	frame, ok := v.(*[]byte)
	if !ok {
		return errors.New("not a frame")
	}
	*frame = append([]byte(nil), data...)
	return nil
}

// Name is that of the codec whose bytes they are.
func (frames) Name() string { return "proto" }

// pass passes one call on.
func (p *proxy) pass(_ any, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	var in, out []byte
	if err := stream.RecvMsg(&in); err != nil {
		return err
	}
	before, err := p.before(method, in)
	if err != nil {
		return err
	}
	ctx := stream.Context()
	if md, ok := metadata.FromIncomingContext(ctx); ok {
		ctx = metadata.NewOutgoingContext(ctx, md)
	}
	if err := p.call(ctx, method, &in, &out); err != nil {
		return err
	}
	if err := p.after(method, before, out); err != nil {
		return err
	}
	return stream.SendMsg(&out)
}

func (p *proxy) call(ctx context.Context, method string, in, out *[]byte) error {
	return p.server.Invoke(ctx, method, in, out, grpc.ForceCodec(frames{}))
}

func lost() error { return status.Error(codes.Unavailable, "the worker is dead") }

// before asks the trap about what a call is going to do.
func (p *proxy) before(method string, in []byte) ([]point, error) {
	points, err := p.points(method, in)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(points, p.springs) {
		return nil, lost()
	}
	return points, nil
}

// points are the boundaries that a call is about to cross.
func (p *proxy) points(method string, in []byte) ([]point, error) {
	var points []point
	switch name(method) {
	case "RespondWorkflowTaskCompleted":
		var m workflowservice.RespondWorkflowTaskCompletedRequest
		if err := proto.Unmarshal(in, &m); err != nil {
			return nil, err
		}
		for _, c := range m.GetCommands() {
			if a := c.GetScheduleActivityTaskCommandAttributes(); a != nil {
				points = append(points, point{Step: stepSchedule, What: a.GetActivityId()})
			}
		}
	case "RespondActivityTaskCompleted":
		var m workflowservice.RespondActivityTaskCompletedRequest
		if err := proto.Unmarshal(in, &m); err != nil {
			return nil, err
		}
		points = append(points, point{Step: stepComplete, What: p.activity(m.GetTaskToken())})
	}
	return points, nil
}

// after asks the trap about what a call has done: what it was about, and the
// tasks that its answer hands out.
func (p *proxy) after(method string, done []point, out []byte) error {
	started, err := p.started(method, out)
	if err != nil {
		return err
	}
	for _, at := range append(done, started...) {
		at.After = true
		if p.springs(at) {
			return lost()
		}
	}
	return nil
}

func (p *proxy) started(method string, out []byte) ([]point, error) {
	var tasks []*workflowservice.PollActivityTaskQueueResponse
	switch name(method) {
	case "PollActivityTaskQueue":
		var m workflowservice.PollActivityTaskQueueResponse
		if err := proto.Unmarshal(out, &m); err != nil {
			return nil, err
		}
		tasks = append(tasks, &m)
	case "RespondWorkflowTaskCompleted":
		var m workflowservice.RespondWorkflowTaskCompletedResponse
		if err := proto.Unmarshal(out, &m); err != nil {
			return nil, err
		}
		tasks = m.GetActivityTasks()
	}
	var points []point
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, task := range tasks {
		if len(task.GetTaskToken()) > 0 {
			p.tokens[string(task.GetTaskToken())] = task.GetActivityId()
			p.eagerly[task.GetActivityId()] = name(method) == "RespondWorkflowTaskCompleted"
			points = append(points, point{Step: stepStart, What: task.GetActivityId()})
		}
	}
	return points, nil
}

func (p *proxy) activity(token []byte) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tokens[string(token)]
}

func (p *proxy) eager(activity string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.eagerly[activity]
}

func name(method string) string { return method[strings.LastIndex(method, "/")+1:] }
