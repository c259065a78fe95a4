package postgrestest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"regexp"
	"strings"
	"sync"
)

// Fault is a trouble that a Proxy makes. The zero Fault makes none.
type Fault struct {
	// Refuse answers every new connection with an error of this SQLSTATE.
	Refuse string
	// Garbage answers with what is no message of the protocol.
	Garbage bool
	// Huge answers with a message that says it is a gigabyte long.
	Huge bool
	// Drop hangs up on every new connection.
	Drop bool
	// Silent takes what comes and never answers.
	Silent bool
	// LoseWrites lets writes take effect and resets the connection instead of
	// handing on the answer.
	LoseWrites bool
	// DropWrites resets the connection instead of handing on a write.
	DropWrites bool
	// Elsewhere leads to another server.
	Elsewhere string
}

// Proxy stands between a server and its clients. It reads the protocol
// (https://www.postgresql.org/docs/current/protocol-message-formats.html) as
// far as it needs to know what is a write and where a round trip ends.
type Proxy struct {
	// Addr is where clients connect.
	Addr   string
	target string
	listen net.Listener

	mu     sync.Mutex
	fault  Fault
	writes int
	trips  int
	conns  int
	open   map[net.Conn]bool
	done   sync.WaitGroup
}

// NewProxy listens on the loopback and leads to target.
func NewProxy(target string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{Addr: l.Addr().String(), target: target, listen: l, open: map[net.Conn]bool{}}
	p.done.Go(p.accept)
	return p, nil
}

// Close ends the proxy and all that goes through it.
func (p *Proxy) Close() {
	_ = p.listen.Close()
	p.mu.Lock()
	for c := range p.open {
		_ = c.Close()
	}
	p.mu.Unlock()
	p.done.Wait()
}

// Set begins a fault; the zero Fault ends it.
func (p *Proxy) Set(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
}

// Writes counts the transactions that held a statement which could change
// something.
func (p *Proxy) Writes() int { return p.count(&p.writes) }

// Trips counts the times that a client waited for the server.
func (p *Proxy) Trips() int { return p.count(&p.trips) }

// Connections counts the connections made.
func (p *Proxy) Connections() int { return p.count(&p.conns) }

func (p *Proxy) count(n *int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return *n
}

func (p *Proxy) add(n *int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*n++
}

func (p *Proxy) now() Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fault
}

func (p *Proxy) hold(c net.Conn) func() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[c] = true
	return func() {
		_ = c.Close()
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.open, c)
	}
}

func (p *Proxy) accept() {
	for {
		c, err := p.listen.Accept()
		if err != nil {
			return
		}
		p.done.Go(func() { p.serve(c) })
	}
}

func (p *Proxy) serve(client net.Conn) {
	defer p.hold(client)()
	p.add(&p.conns)
	first, err := readStartup(client)
	if err != nil {
		return
	}
	p.add(&p.trips)
	fault := p.now()
	if spoil(client, fault) {
		return
	}
	target := p.target
	if fault.Elsewhere != "" {
		target = fault.Elsewhere
	}
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer p.hold(server)()
	if _, err := server.Write(first); err != nil {
		return
	}
	l := &line{p: p, client: client, server: server, answer: make(chan struct{}, 1)}
	var back sync.WaitGroup
	back.Go(l.answers)
	l.requests()
	_ = server.Close()
	back.Wait()
}

// spoil answers a new connection in place of the server.
func spoil(client net.Conn, f Fault) bool {
	switch {
	case f.Drop:
	case f.Silent:
		_, _ = io.Copy(io.Discard, client)
	case f.Refuse != "":
		_, _ = client.Write(refusal(f.Refuse))
	case f.Garbage:
		_, _ = client.Write(bytes.Repeat([]byte{0xff, 0x00, '?'}, 64))
	case f.Huge:
		_, _ = client.Write([]byte{'R', 0x40, 0, 0, 0})
		_, _ = client.Write(make([]byte, 1<<16))
	default:
		return false
	}
	return true
}

// refusal is an ErrorResponse. Like a server's, it names the user.
func refusal(state string) []byte {
	var body bytes.Buffer
	for _, f := range []string{"SFATAL", "VFATAL", "C" + state, "Mrefused, kim@acme.example with " + Password} {
		body.WriteString(f)
		body.WriteByte(0)
	}
	body.WriteByte(0)
	out := binary.BigEndian.AppendUint32([]byte{'E'}, uint32(body.Len()+4)) //nolint:gosec // a few words are no overflow
	return append(out, body.Bytes()...)
}

// readStartup reads the first message of a connection, which has no type.
// Requests for encryption are declined.
func readStartup(c net.Conn) ([]byte, error) {
	for {
		var size [4]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return nil, err
		}
		n := binary.BigEndian.Uint32(size[:])
		if n < 8 || n > 1<<16 {
			return nil, errors.New("no startup message")
		}
		body := make([]byte, n-4)
		if _, err := io.ReadFull(c, body); err != nil {
			return nil, err
		}
		if code := binary.BigEndian.Uint32(body); code != 80877103 && code != 80877104 {
			return append(size[:], body...), nil
		}
		if _, err := c.Write([]byte{'N'}); err != nil {
			return nil, err
		}
	}
}

// line is one connection through the proxy.
type line struct {
	p              *Proxy
	client, server net.Conn
	mu             sync.Mutex
	// lost says that answers no longer reach the client.
	lost bool
	// answer is told when the server is ready for the next query while lost.
	answer chan struct{}
	// writing says that the transaction has held a write.
	writing bool
}

// writes matches what may change something; the rest reads or frames.
func writes(sql string) bool {
	return strings.Contains(sql, "pg_terminate_backend") ||
		regexp.MustCompile(`(?i)^\s*(grant|revoke|alter|reassign|drop|create|comment|insert|update|delete|do|call|reset all)\b`).MatchString(sql)
}

// ends matches what makes writes lasting.
func ends(sql string) bool {
	return strings.HasPrefix(strings.ToLower(strings.TrimSpace(sql)), "commit") || strings.Contains(sql, "pg_terminate_backend")
}

func (l *line) requests() {
	lasting := false
	var held []byte
	for {
		kind, frame, err := readFrame(l.client)
		if err != nil {
			return
		}
		sql := statement(kind, frame)
		l.note(sql)
		lasting = lasting || (l.writing && ends(sql))
		held = append(held, frame...)
		if kind != 'S' && kind != 'Q' && kind != 'p' && kind != 'X' {
			continue // the client does not wait yet
		}
		if kind != 'X' {
			l.p.add(&l.p.trips)
		}
		if lasting {
			lasting, l.writing = false, false
			if !l.lasting(held) {
				return
			}
		} else if _, err := l.server.Write(held); err != nil {
			return
		}
		held = nil
	}
}

// note counts the first write of a transaction.
func (l *line) note(sql string) {
	if strings.HasPrefix(strings.ToLower(strings.TrimSpace(sql)), "rollback") {
		l.writing = false
	}
	if writes(sql) && !l.writing {
		l.writing = true
		l.p.add(&l.p.writes)
	}
}

// lasting hands on what makes a write lasting, or does to it what the fault
// wants. It says whether the connection goes on.
func (l *line) lasting(held []byte) bool {
	fault := l.p.now()
	if fault.DropWrites {
		reset(l.client)
		return false
	}
	if fault.LoseWrites {
		l.mu.Lock()
		l.lost = true
		l.mu.Unlock()
	}
	if _, err := l.server.Write(held); err != nil {
		return false
	}
	if fault.LoseWrites {
		<-l.answer
		reset(l.client)
		return false
	}
	return true
}

func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// answers hands on what the server says. When the server hangs up, so do we.
func (l *line) answers() {
	defer func() { _ = l.client.Close() }()
	defer close(l.answer)
	for {
		kind, frame, err := readFrame(l.server)
		if err != nil {
			return
		}
		l.mu.Lock()
		lost := l.lost
		l.mu.Unlock()
		if !lost {
			if _, err := l.client.Write(frame); err != nil {
				return
			}
			continue
		}
		if kind == 'Z' {
			return
		}
	}
}

func readFrame(c net.Conn) (byte, []byte, error) {
	var head [5]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n < 4 || n > 1<<26 {
		return 0, nil, errors.New("no message")
	}
	frame := append(head[:], make([]byte, n-4)...)
	_, err := io.ReadFull(c, frame[5:])
	return head[0], frame, err
}

// statement is the SQL of a Query or Parse message, empty for others.
func statement(kind byte, frame []byte) string {
	body := frame[5:]
	if kind == 'P' {
		_, body, _ = bytes.Cut(body, []byte{0}) // the statement's name
	}
	if kind != 'P' && kind != 'Q' {
		return ""
	}
	sql, _, _ := bytes.Cut(body, []byte{0})
	return string(sql)
}
