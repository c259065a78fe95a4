package ldaptest

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// AD is an Active Directory domain with one domain controller, in this process.
// It keeps state, and has the manners that Microsoft documents in [MS-ADTS],
// [MS-SAMR] and the schema, as far as an account's way out meets them:
//
//   - objectGUID, uSNChanged, memberOf and msDS-ReplAttributeMetaData are the
//     server's own ([MS-ADA2], [MS-DRSR] 4.1.13.1.15: a stamp has a version and a time);
//   - a bind is refused with 49 and "data" 525, 52e, 533, 701, 773 (system error
//     codes 1317, 1326, 1331, 1793, 1907); before one, only the rootDSE is shown;
//   - after one reset the old password goes on for an hour
//     (OldPasswordAllowedPeriod), after two it does not;
//   - unicodePwd is written, over an encrypted connection only, in quotes and
//     UTF-16LE, and never read ([MS-ADTS] 3.1.1.3.1.5.1); pwdLastSet takes 0 and -1;
//   - member: adding one who is in is entryAlreadyExists (68), removing one who is
//     not is unwillingToPerform (53); other attributes say 20 and 16;
//   - attributes with many values come in ranges (3.1.1.3.1.3.3, MaxValRange), and
//     searches in pages (RFC 2696, MaxPageSize), or end with sizeLimitExceeded;
//   - matching rules LDAP_MATCHING_RULE_IN_CHAIN and _BIT_AND (3.1.1.3.4.4);
//   - a search from the domain's root refers to the other partitions;
//   - a disabled account's open connection goes on.
//
// What both it and a real OpenLDAP must answer alike is asked of both by the same
// test of this package.
type AD struct {
	// Addr takes connections in clear text, TLSAddr encrypted ones; CA is the
	// certificate that signed the server's.
	Addr, TLSAddr string
	CA            []byte

	now func() time.Time

	mu      sync.Mutex
	objects []*object
	usn     int
	// page and values are MaxPageSize and MaxValRange.
	page, values int
	writers      map[string]bool
	blind        map[string]bool
	hidden       string

	server
}

// Domain is the domain's root.
const Domain = "DC=corp,DC=acme,DC=example"

// object is one entry. Values are kept as they came.
type object struct {
	dn    string
	attrs map[string][]string // by lower-case name
	names map[string]string   // the name as it is written
	// stamps are versions and times of attributes.
	stamps    map[string]stamp
	passwords []string // the newest first
	resetAt   time.Time
}

type stamp struct {
	version int
	at      time.Time
}

// NewAD makes a domain with nothing in it. The clock is the server's.
func NewAD(now func() time.Time) (*AD, error) {
	p, err := newPair()
	if err != nil {
		return nil, err
	}
	a := &AD{CA: p.cert, now: now, page: 1000, values: 1500, writers: map[string]bool{}, blind: map[string]bool{}}
	a.Put(Domain, "objectClass", "domain")
	a.Addr, a.TLSAddr, err = a.listen(a.handle, p)
	return a, err
}

// Limit sets MaxPageSize and MaxValRange.
func (a *AD) Limit(page, values int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.page, a.values = page, values
}

// Blind lets an account see nothing but itself, or everything again.
func (a *AD) Blind(dn string, on bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.blind[fold(dn)] = on
}

// Put makes an object or adds to it: pairs of attribute and value.
func (a *AD) Put(dn string, pairs ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	o := a.find(dn)
	if o == nil {
		o = &object{dn: dn, attrs: map[string][]string{}, names: map[string]string{}, stamps: map[string]stamp{}}
		a.objects = append(a.objects, o)
		sum := sha256.Sum256([]byte(dn))
		a.set(o, "objectGUID", string(sum[:16]))
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		a.set(o, pairs[i], append(slices.Clone(o.attrs[strings.ToLower(pairs[i])]), pairs[i+1])...)
	}
}

// AddUser makes an account of a person that is enabled and does not expire.
func (a *AD) AddUser(dn, login, password string, rid uint32) {
	a.Put(dn, "objectClass", "user", "objectCategory", "person", "sAMAccountName", login, "userPrincipalName", login+"@corp.acme.example",
		"userAccountControl", "512", "accountExpires", "9223372036854775807", "primaryGroupID", "513", "objectSid", SID(rid),
		"pwdLastSet", fileTime(a.now()))
	a.mu.Lock()
	defer a.mu.Unlock()
	o := a.find(dn)
	o.passwords = []string{password}
	a.stampOf(o, "unicodePwd")
}

// AddGroup makes a group with members.
func (a *AD) AddGroup(dn string, rid uint32, members ...string) {
	a.Put(dn, "objectClass", "group", "objectCategory", "group", "objectSid", SID(rid))
	for _, m := range members {
		a.Put(dn, "member", m)
	}
}

// AllowWrites lets an account change others.
func (a *AD) AllowWrites(dn string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.writers[fold(dn)] = true
}

// Set puts values in place of others, as an administrator would; without values
// the attribute is removed.
func (a *AD) Set(dn, attr string, values ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.set(a.find(dn), attr, values...)
}

// Hide lets nobody see an attribute.
func (a *AD) Hide(attr string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.hidden = strings.ToLower(attr)
}

// Values gives what an attribute holds.
func (a *AD) Values(dn, attr string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if o := a.find(dn); o != nil {
		return slices.Clone(o.attrs[strings.ToLower(attr)])
	}
	return nil
}

// Delete removes an object, and its name wherever an object links to it.
func (a *AD) Delete(dn string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, o := range a.objects {
		for _, attr := range []string{"member", "managedby", "manager"} {
			o.attrs[attr] = slices.DeleteFunc(o.attrs[attr], func(v string) bool { return fold(v) == fold(dn) })
		}
	}
	a.objects = slices.DeleteFunc(a.objects, func(o *object) bool { return fold(o.dn) == fold(dn) })
}

// Dump is the whole state as text: for each object its attributes, but for what
// counts changes.
func (a *AD) Dump() map[string]map[string][]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := map[string]map[string][]string{}
	for _, o := range a.objects {
		out[o.dn] = map[string][]string{"passwords": slices.Clone(o.passwords)}
		for name, values := range o.attrs {
			if name != "usnchanged" && len(values) > 0 {
				out[o.dn][o.names[name]] = slices.Sorted(slices.Values(values))
			}
		}
	}
	return out
}

// set changes an attribute, counts and stamps the change.
func (a *AD) set(o *object, attr string, values ...string) {
	key := strings.ToLower(attr)
	o.attrs[key] = values
	if o.names[key] == "" {
		o.names[key] = attr
	}
	a.stampOf(o, attr)
}

func (a *AD) stampOf(o *object, attr string) {
	a.usn++
	o.attrs["usnchanged"], o.names["usnchanged"] = []string{strconv.Itoa(a.usn)}, "uSNChanged"
	s := o.stamps[strings.ToLower(attr)]
	o.stamps[strings.ToLower(attr)] = stamp{s.version + 1, a.now()}
}

func (a *AD) find(dn string) *object {
	for _, o := range a.objects {
		if fold(o.dn) == fold(dn) {
			return o
		}
	}
	return nil
}

// get gives an attribute, also those that are made when asked for.
func (a *AD) get(o *object, attr string) []string {
	switch strings.ToLower(attr) {
	case a.hidden:
		return nil
	case "distinguishedname":
		return []string{o.dn}
	case "memberof":
		return a.parents(o.dn)
	case "unicodepwd":
		return nil
	case "msds-replattributemetadata":
		return o.metadata()
	}
	return o.attrs[strings.ToLower(attr)]
}

func (a *AD) parents(dn string) []string {
	var all []string
	for _, g := range a.objects {
		if slices.ContainsFunc(g.attrs["member"], func(m string) bool { return fold(m) == fold(dn) }) {
			all = append(all, g.dn)
		}
	}
	return all
}

// inChain says whether dn is a member of the group, or of one of its members.
func (a *AD) inChain(group *object, dn string, seen map[string]bool) bool {
	for _, m := range group.attrs["member"] {
		if fold(m) == fold(dn) {
			return true
		}
		if next := a.find(m); next != nil && !seen[fold(m)] {
			seen[fold(m)] = true
			if a.inChain(next, dn, seen) {
				return true
			}
		}
	}
	return false
}

func (o *object) metadata() []string {
	var all []string
	for attr, s := range o.stamps {
		name := o.names[attr]
		if attr == "unicodepwd" {
			name = "unicodePwd"
		}
		all = append(all, fmt.Sprintf("<DS_REPL_ATTR_META_DATA>\n\t<pszAttributeName>%s</pszAttributeName>\n\t<dwVersion>%d</dwVersion>\n"+
			"\t<ftimeLastOriginatingChange>%s</ftimeLastOriginatingChange>\n</DS_REPL_ATTR_META_DATA>\n\x00", name, s.version, s.at.UTC().Format(time.RFC3339)))
	}
	return all
}

// SID is a security identifier of the domain; under 1000, those of Windows' own
// aliases (Administrators is 544) are the builtin domain's.
func SID(rid uint32) string {
	subs := []uint32{21, 1004336348, 1177238915, 682003330, rid}
	if rid >= 544 && rid < 1000 {
		subs = []uint32{32, rid}
	}
	raw := []byte{1, byte(len(subs)), 0, 0, 0, 0, 0, 5} //nolint:gosec // two or five
	for _, s := range subs {
		raw = binary.LittleEndian.AppendUint32(raw, s)
	}
	return string(raw)
}

// GUID is the objectGUID of an object as text, the first three parts turned round.
func (a *AD) GUID(dn string) string {
	v := a.Values(dn, "objectGUID")
	if len(v) == 0 {
		return ""
	}
	b := []byte(v[0])
	return fmt.Sprintf("%08x-%04x-%04x-%x-%x", binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint16(b[4:]), binary.LittleEndian.Uint16(b[6:]), b[8:10], b[10:])
}

func fold(dn string) string { return strings.ToLower(dn) }

func fileTime(t time.Time) string {
	return strconv.FormatInt((t.Unix()+11_644_473_600)*10_000_000, 10)
}
