package ldaptest

import (
	"crypto/tls"
	"net"
	"sync"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

// server takes connections on two ports and gives each request to a handler.
type server struct {
	listeners []net.Listener
	conns     map[net.Conn]bool
	guard     sync.Mutex
	done      sync.WaitGroup
}

// session is one connection: who it is bound as, and whether it is encrypted.
type session struct {
	conn   net.Conn
	secure bool
	bound  *object
}

// listen opens a port in clear text and one with TLS.
func (s *server) listen(handle handler, p pair) (clear, secure string, err error) {
	s.conns = map[net.Conn]bool{}
	config, err := p.tls()
	if err != nil {
		return "", "", err
	}
	for _, c := range []*tls.Config{nil, config} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", "", err
		}
		s.listeners = append(s.listeners, l)
		s.done.Go(func() { s.accept(l, c, handle) })
	}
	return s.listeners[0].Addr().String(), s.listeners[1].Addr().String(), nil
}

// Close ends the server and all connections.
func (s *server) Close() {
	for _, l := range s.listeners {
		_ = l.Close()
	}
	s.guard.Lock()
	for c := range s.conns {
		_ = c.Close()
	}
	s.guard.Unlock()
	s.done.Wait()
}

// accept serves the connections of one port.
func (s *server) accept(l net.Listener, secure *tls.Config, handle handler) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		if secure != nil {
			c = tls.Server(c, secure)
		}
		s.done.Go(func() { s.serve(&session{conn: c, secure: secure != nil}, handle) })
	}
}

type handler func(se *session, id int64, op, controls *ber.Packet)

func (s *server) serve(se *session, handle handler) {
	s.guard.Lock()
	s.conns[se.conn] = true
	s.guard.Unlock()
	defer func() {
		_ = se.conn.Close()
		s.guard.Lock()
		delete(s.conns, se.conn)
		s.guard.Unlock()
	}()
	for {
		p, err := ber.ReadPacket(se.conn)
		if err != nil || len(p.Children) < 2 {
			return
		}
		id, ok := p.Children[0].Value.(int64)
		if !ok || p.Children[1].Tag == unbind {
			return
		}
		var controls *ber.Packet
		if len(p.Children) > 2 {
			controls = p.Children[2]
		}
		handle(se, id, p.Children[1], controls)
	}
}

// answer sends a result.
func (se *session) answer(id int64, tag ber.Tag, code uint16, says string) {
	_, _ = se.conn.Write(Result(id, tag, code, says).Bytes())
}

// entry sends one object of a search.
func (se *session) entry(id int64, dn string, attrs []attribute) {
	p := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	e := ber.Encode(ber.ClassApplication, ber.TypeConstructed, goldap.ApplicationSearchResultEntry, nil, "")
	e.AppendChild(octets(dn))
	list := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	for _, a := range attrs {
		one := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
		one.AppendChild(octets(a.name))
		values := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
		for _, v := range a.values {
			values.AppendChild(octets(v))
		}
		one.AppendChild(values)
		list.AppendChild(one)
	}
	e.AppendChild(list)
	p.AppendChild(e)
	_, _ = se.conn.Write(p.Bytes())
}

// refer sends a reference to another part of the tree.
func (se *session) refer(id int64, url string) {
	p := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	r := ber.Encode(ber.ClassApplication, ber.TypeConstructed, goldap.ApplicationSearchResultReference, nil, "")
	r.AppendChild(octets(url))
	p.AppendChild(r)
	_, _ = se.conn.Write(p.Bytes())
}

// finish ends a search, with a cookie if there is more.
func (se *session) finish(id int64, code uint16, says string, cookie *string) {
	p := Result(id, goldap.ApplicationSearchResultDone, code, says)
	if cookie != nil {
		paging := goldap.NewControlPaging(0)
		paging.SetCookie([]byte(*cookie))
		controls := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
		controls.AppendChild(paging.Encode())
		p.AppendChild(controls)
	}
	_, _ = se.conn.Write(p.Bytes())
}

func octets(s string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, s, "")
}

// attribute is one attribute of an answer.
type attribute struct {
	name   string
	values []string
}
