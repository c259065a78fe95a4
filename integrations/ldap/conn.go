package ldap

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"

	"lastday"
	"lastday/integrations/internal/httpx"
)

// mostMessage bounds one message of the server, mostEntries one answer.
const (
	mostMessage = 8 << 20
	mostEntries = 100_000
)

// patience bounds one verb, whatever its caller allows.
const patience = 2 * time.Minute

// link is an open connection on which we have bound.
type link struct {
	*driver
	ctx   context.Context // it lives as long as the verb that opened it
	conn  *goldap.Conn
	bound *bounded
	stop  func() bool
}

// connect opens a connection, encrypts it and binds as ourselves. When the context ends the
// connection does, and with it whatever waits for an answer.
func (d *driver) connect(ctx context.Context, op string) (*link, error) {
	l, err := d.dial(ctx, op)
	if err != nil {
		return nil, err
	}
	httpx.Note(ctx, false)
	if err := l.conn.Bind(d.cfg.Bind, d.password); err != nil {
		l.close()
		return nil, l.classify(op, err)
	}
	return l, nil
}

// dial opens a connection and encrypts it.
func (d *driver) dial(ctx context.Context, op string) (*link, error) {
	dialer := &net.Dialer{Timeout: d.cfg.Timeout}
	raw, err := dialer.DialContext(ctx, "tcp", d.addr)
	if err != nil {
		return nil, classify(op, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	if err := raw.SetDeadline(deadline(ctx)); err != nil {
		return nil, classify(op, err)
	}
	secured, err := d.secure(ctx, raw)
	if err != nil {
		stop()
		_ = raw.Close()
		return nil, classify(op, err)
	}
	bound := &bounded{Conn: secured}
	conn := goldap.NewConn(bound, d.tls != nil)
	conn.SetTimeout(d.cfg.Timeout)
	conn.Start()
	return &link{driver: d, ctx: ctx, conn: conn, bound: bound, stop: stop}, nil
}

// deadline is when a connection ends at the latest.
func deadline(ctx context.Context) time.Time {
	at, _ := ctx.Deadline() // every verb sets one
	return at
}

func (d *driver) secure(ctx context.Context, raw net.Conn) (net.Conn, error) {
	if d.tls == nil {
		return raw, nil
	}
	if d.cfg.StartTLS {
		if err := startTLS(raw); err != nil {
			return nil, err
		}
	}
	secured := tls.Client(raw, d.tls)
	return secured, secured.HandshakeContext(ctx)
}

// startTLS asks for encryption: the one thing that is said before it. It is done
// here because the limit on messages must see what is inside.
// https://www.rfc-editor.org/rfc/rfc4511#section-4.14
func startTLS(raw net.Conn) error {
	p := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, 1, ""))
	request := ber.Encode(ber.ClassApplication, ber.TypeConstructed, goldap.ApplicationExtendedRequest, nil, "")
	request.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 0, "1.3.6.1.4.1.1466.20037", ""))
	p.AppendChild(request)
	if _, err := raw.Write(p.Bytes()); err != nil {
		return err
	}
	answer, err := ber.ReadPacket(&bounded{Conn: raw})
	if err != nil {
		return err
	}
	return goldap.GetLDAPError(answer)
}

func (l *link) close() {
	l.stop()
	_ = l.conn.Close() // nothing is left to be lost: every write was answered or is unknown
}

func (l *link) classify(op string, err error) error {
	if l.bound.exceeded.Load() {
		return lastday.Errorf(lastday.CodeInvalid, op, "the answer is larger than allowed")
	}
	if l.ctx.Err() != nil {
		return lastday.Errorf(lastday.CodeTransient, op, "cancelled, or it took too long")
	}
	return classify(op, err)
}

// query is one search in all bases.
type query struct {
	filter string
	attrs  []string
	// most ends the search early: enough was seen. Zero is all.
	most int
}

// search asks in every base, page by page, and gives what was found and whether
// the server pointed elsewhere for a part of the answer.
func (l *link) search(op string, q query) ([]*entry, bool, error) {
	var found []*entry
	elsewhere := false
	for _, base := range l.cfg.Bases {
		more, refs, err := l.searchIn(op, base, goldap.ScopeWholeSubtree, q)
		if err != nil {
			return nil, false, err
		}
		found, elsewhere = append(found, more...), elsewhere || l.flavour.elsewhere(refs)
	}
	return distinct(found), elsewhere, nil
}

// searchIn reads all pages under one base.
// https://www.rfc-editor.org/rfc/rfc2696
func (l *link) searchIn(op, base string, scope int, q query) ([]*entry, []string, error) {
	paging := goldap.NewControlPaging(l.cfg.PageSize)
	req := goldap.NewSearchRequest(base, scope, goldap.NeverDerefAliases, 0, int(l.cfg.Timeout.Seconds()), false,
		q.filter, q.attrs, []goldap.Control{paging})
	var found []*entry
	var refs []string
	for {
		httpx.Note(l.ctx, false)
		result, err := l.conn.Search(req)
		if err != nil {
			return nil, nil, l.classify(op, err)
		}
		for _, e := range result.Entries {
			found = append(found, &entry{Entry: e, flavour: l.flavour})
		}
		refs = append(refs, result.Referrals...)
		if len(found) > mostEntries {
			return nil, nil, lastday.Errorf(lastday.CodeInvalid, op, "more than %d entries", mostEntries)
		}
		answered, ok := goldap.FindControl(result.Controls, goldap.ControlTypePaging).(*goldap.ControlPaging)
		if !ok || len(answered.Cookie) == 0 || (q.most > 0 && len(found) >= q.most) {
			return found, refs, nil
		}
		paging.SetCookie(answered.Cookie)
	}
}

// read reads one entry by its DN; nil if it is not there or not shown.
func (l *link) read(op, dn, filter string, attrs ...string) (*entry, error) {
	found, _, err := l.searchIn(op, dn, goldap.ScopeBaseObject, query{filter: filter, attrs: attrs})
	if codeIs(err, lastday.CodeNotFound) {
		return nil, nil //nolint:nilnil // what it means that it is not there is the caller's to say
	}
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// modify sends one write. What was sent and not answered is of unknown outcome.
func (l *link) modify(req *goldap.ModifyRequest) error {
	const op = opApply
	if l.ctx.Err() != nil {
		return lastday.Errorf(lastday.CodeTransient, op, "cancelled before anything was sent")
	}
	httpx.Note(l.ctx, true)
	err := l.conn.Modify(req)
	if err == nil {
		return nil
	}
	far, ok := errors.AsType[*goldap.Error](err)
	if ok && far.ResultCode < goldap.ErrorNetwork {
		return l.classify(op, err) // the server answered: it did not do it
	}
	return lastday.Wrap(lastday.CodeUnknownOutcome, op, "sent, and the answer was lost", l.classify(op, err))
}

// bounded hands on what comes from the server as long as no message says that
// it is larger than allowed. Messages are BER: a tag, a length, that many bytes.
type bounded struct {
	net.Conn
	exceeded atomic.Bool
	header   []byte
	left     int64
}

// errTooLarge ends a connection: what follows can not be made sense of.
var errTooLarge = errors.New("a message is larger than allowed")

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.Conn.Read(p)
	if !b.allows(p[:n]) {
		b.exceeded.Store(true)
		return 0, errTooLarge
	}
	return n, err
}

// allows follows the messages in what was read.
func (b *bounded) allows(p []byte) bool {
	for len(p) > 0 {
		if b.left > 0 {
			n := min(b.left, int64(len(p)))
			b.left -= n
			p = p[n:]
			continue
		}
		b.header = append(b.header, p[0])
		p = p[1:]
		size, whole := messageLength(b.header)
		if size > mostMessage || len(b.header) > 8 {
			return false
		}
		if whole {
			b.left, b.header = size, b.header[:0]
		}
	}
	return true
}

// messageLength reads the length in a header, and says whether it is whole.
func messageLength(header []byte) (int64, bool) {
	if len(header) < 2 {
		return 0, false
	}
	if header[1]&0x80 == 0 {
		return int64(header[1]), true
	}
	bytes := int(header[1] & 0x7f)
	if bytes == 0 || bytes > 4 {
		return mostMessage + 1, true // no end is said, or one beyond all limits
	}
	var size int64
	for _, x := range header[2:] {
		size = size<<8 | int64(x)
	}
	return size, len(header) == 2+bytes
}

// sameDN compares two names as a directory does, as far as one can without its
// schema: letters' case does not count.
func sameDN(a, b string) bool {
	return a != "" && foldDN(a) == foldDN(b)
}

// foldDN is a form in which equal names are equal text.
func foldDN(dn string) string {
	parsed, err := goldap.ParseDN(dn)
	if err != nil {
		return strings.ToLower(dn)
	}
	return strings.ToLower(parsed.String())
}
