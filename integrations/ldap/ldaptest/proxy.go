package ldaptest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"slices"
	"sync"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

// Fault is a trouble that a Proxy makes. The zero Fault makes none.
type Fault struct {
	// Answer answers every request with this result.
	Answer uint16
	// Says is the diagnostic message that goes with Answer.
	Says string
	// Garbage answers with what is no message, Huge with one that says it is a
	// gigabyte long.
	Garbage, Huge bool
	// LoseWrites lets writes take effect and resets the connection instead of
	// handing on the answer.
	LoseWrites bool
	// RefuseWrites answers writes with this result, and does nothing.
	RefuseWrites uint16
	// PretendWrites answers writes with success and does nothing; SilentWrites does
	// nothing and never answers.
	PretendWrites, SilentWrites bool
	// Swap replaces texts in requests by others of the same length: who asks for
	// one is answered about another.
	Swap map[string]string
}

// Proxy stands between a server and its clients, in clear text.
type Proxy struct {
	// Addr is where clients connect.
	Addr   string
	target string
	listen net.Listener

	mu       sync.Mutex
	fault    Fault
	writes   int
	requests int
	open     map[net.Conn]bool
	done     sync.WaitGroup
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

// Writes counts the requests that could change something, Requests all of them.
func (p *Proxy) Writes() int { return p.count(&p.writes) }

// Requests counts all requests, binding included.
func (p *Proxy) Requests() int { return p.count(&p.requests) }

func (p *Proxy) count(n *int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return *n
}

// received counts a request and says what is to be done with it.
func (p *Proxy) received(write bool) Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests++
	if write {
		p.writes++
	}
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
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer p.hold(server)()
	l := &line{p: p, client: client, server: server, answer: make(chan struct{}, 1)}
	var back sync.WaitGroup
	back.Go(l.answers)
	l.requests()
	_ = server.Close()
	back.Wait()
}

// line is one connection through the proxy.
type line struct {
	p              *Proxy
	client, server net.Conn
	mu             sync.Mutex
	lost           bool
	answer         chan struct{}
}

// Requests of LDAP by their tag. https://www.rfc-editor.org/rfc/rfc4511#section-4.2
const (
	unbind  = 2
	abandon = 16
)

// answerTo is the tag of the answer to a request, and whether it could change something.
func answerTo(tag ber.Tag) (reply ber.Tag, write bool) {
	switch uint64(tag) {
	case goldap.ApplicationBindRequest:
		return goldap.ApplicationBindResponse, false
	case goldap.ApplicationSearchRequest:
		return goldap.ApplicationSearchResultDone, false
	case goldap.ApplicationCompareRequest:
		return goldap.ApplicationCompareResponse, false
	case goldap.ApplicationExtendedRequest:
		return goldap.ApplicationExtendedResponse, false
	}
	return tag + 1, tag != unbind && tag != abandon
}

func (l *line) requests() {
	for {
		frame, err := readMessage(l.client)
		if err != nil {
			return
		}
		packet, err := ber.DecodePacketErr(frame)
		if err != nil || len(packet.Children) < 2 {
			return
		}
		tag := packet.Children[1].Tag
		if tag == unbind {
			return
		}
		reply, write := answerTo(tag)
		fault := l.p.received(write)
		switch {
		case spoil(l.client, fault, packet, reply), fault.SilentWrites && write:
			continue
		case (fault.PretendWrites || fault.RefuseWrites != 0) && write:
			_, _ = l.client.Write(Result(idOf(packet), reply, fault.RefuseWrites, "").Bytes())
			continue
		case fault.LoseWrites && write:
			l.lose(frame)
			return
		}
		for from, to := range fault.Swap {
			frame = bytes.ReplaceAll(frame, []byte(from), []byte(to))
		}
		if _, err := l.server.Write(frame); err != nil {
			return
		}
	}
}

// lose hands on a write, waits until the server has answered, and resets.
func (l *line) lose(frame []byte) {
	l.mu.Lock()
	l.lost = true
	l.mu.Unlock()
	if _, err := l.server.Write(frame); err != nil {
		return
	}
	<-l.answer
	if tcp, ok := l.client.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = l.client.Close()
}

// spoil answers in place of the server.
func spoil(client net.Conn, f Fault, request *ber.Packet, reply ber.Tag) bool {
	switch {
	case f.Answer != 0:
		_, _ = client.Write(Result(idOf(request), reply, f.Answer, f.Says).Bytes())
	case f.Garbage:
		_, _ = client.Write(bytes.Repeat([]byte{0xff, 0x00, '?'}, 64))
		_ = client.Close()
	case f.Huge:
		_, _ = client.Write([]byte{0x30, 0x84, 0x40, 0, 0, 0})
		_, _ = client.Write(make([]byte, 1<<16))
	default:
		return false
	}
	return true
}

func idOf(request *ber.Packet) int64 {
	id, _ := request.Children[0].Value.(int64)
	return id
}

// Result is the answer to a request that carries nothing but a result.
func Result(id int64, tag ber.Tag, code uint16, says string) *ber.Packet {
	p := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	r := ber.Encode(ber.ClassApplication, ber.TypeConstructed, tag, nil, "")
	r.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, int64(code), ""))
	r.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "", ""))
	r.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, says, ""))
	p.AppendChild(r)
	return p
}

// answers hands on what the server says, until a write's answer is to be lost.
func (l *line) answers() {
	defer func() { _ = l.client.Close() }()
	defer close(l.answer)
	for {
		frame, err := readMessage(l.server)
		if err != nil {
			return
		}
		l.mu.Lock()
		lost := l.lost
		l.mu.Unlock()
		if lost {
			return
		}
		if _, err := l.client.Write(frame); err != nil {
			return
		}
	}
}

// readMessage reads one message as it is.
func readMessage(c io.Reader) ([]byte, error) {
	head := make([]byte, 2, 16)
	if _, err := io.ReadFull(c, head); err != nil {
		return nil, err
	}
	size := int(head[1])
	if size&0x80 != 0 {
		more := make([]byte, size&0x7f)
		if _, err := io.ReadFull(c, more); err != nil || len(more) > 4 {
			return nil, errors.Join(err, errors.New("no length"))
		}
		size = 0
		for _, b := range more {
			size = size<<8 | int(b)
		}
		head = append(head, more...)
	}
	if head[0] != 0x30 || size > 1<<26 {
		return nil, errors.New("no message")
	}
	frame := append(slices.Clone(head), make([]byte, size)...)
	_, err := io.ReadFull(c, frame[len(head):])
	return frame, err
}
