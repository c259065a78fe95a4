package ldaptest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

// Matching rules. https://learn.microsoft.com/openspecs/windows_protocols/ms-adts/4e638665-f466-4597-93c4-12f2ebfabab5
const (
	ruleBitAnd  = "1.2.840.113556.1.4.803"
	ruleInChain = "1.2.840.113556.1.4.1941"
)

// text is what an octet string holds, whatever its tag is.
func text(p *ber.Packet) string { return p.Data.String() }

// matches evaluates a filter of RFC 4511. What it does not know is undefined,
// which matches nothing.
func (a *AD) matches(o *object, f *ber.Packet) bool {
	switch uint64(f.Tag) {
	case goldap.FilterAnd:
		return !slices.ContainsFunc(f.Children, func(c *ber.Packet) bool { return !a.matches(o, c) })
	case goldap.FilterOr:
		return slices.ContainsFunc(f.Children, func(c *ber.Packet) bool { return a.matches(o, c) })
	case goldap.FilterNot:
		return !a.matches(o, f.Children[0])
	case goldap.FilterPresent:
		return strings.EqualFold(text(f), "objectClass") || len(a.get(o, text(f))) > 0
	case goldap.FilterEqualityMatch:
		return a.equal(o, text(f.Children[0]), text(f.Children[1]))
	case goldap.FilterExtensibleMatch:
		return a.extensible(o, f)
	}
	return false
}

func (a *AD) equal(o *object, attr, value string) bool {
	return slices.ContainsFunc(a.get(o, attr), func(v string) bool { return strings.EqualFold(v, value) })
}

func (a *AD) extensible(o *object, f *ber.Packet) bool {
	var rule, attr, value string
	for _, c := range f.Children {
		switch uint64(c.Tag) {
		case goldap.MatchingRuleAssertionMatchingRule:
			rule = text(c)
		case goldap.MatchingRuleAssertionType:
			attr = text(c)
		case goldap.MatchingRuleAssertionMatchValue:
			value = text(c)
		}
	}
	switch {
	case rule == ruleInChain && strings.EqualFold(attr, "member"):
		return a.inChain(o, value, map[string]bool{})
	case rule == ruleBitAnd:
		want, _ := strconv.ParseInt(value, 10, 64)
		for _, v := range a.get(o, attr) {
			have, _ := strconv.ParseInt(v, 10, 64)
			return have&want == want
		}
	}
	return false
}

// search answers a search request.
func (a *AD) search(se *session, id int64, op, controls *ber.Packet) {
	base, filter := text(op.Children[0]), op.Children[6]
	scope, _ := op.Children[1].Value.(int64)
	limit, _ := op.Children[3].Value.(int64)
	var want []string
	for _, c := range op.Children[7].Children {
		want = append(want, text(c))
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case base == "" && scope == goldap.ScopeBaseObject:
		se.entry(id, "", rootDSE())
		se.finish(id, 0, "", nil)
	case se.bound == nil:
		se.finish(id, goldap.LDAPResultOperationsError, "000004DC: LdapErr: DSID-0C090A5C, comment: In order to perform this operation a successful bind must be completed on the connection., data 0, v4563", nil)
	case a.find(base) == nil:
		se.finish(id, goldap.LDAPResultNoSuchObject, "0000208D: NameErr: DSID-03100288, problem 2001 (NO_OBJECT), data 0, best match of: ''", nil)
	default:
		a.pageOf(se, id, a.under(se, base, scope, filter), want, int(limit), pagingOf(controls), fold(base) == fold(Domain) && scope == goldap.ScopeWholeSubtree)
	}
}

func rootDSE() []attribute {
	return []attribute{
		{"supportedCapabilities", []string{"1.2.840.113556.1.4.800", "1.2.840.113556.1.4.1670"}},
		{"defaultNamingContext", []string{Domain}},
		{"supportedControl", []string{goldap.ControlTypePaging}},
		{"domainControllerFunctionality", []string{"7"}},
	}
}

func (a *AD) under(se *session, base string, scope int64, filter *ber.Packet) []*object {
	var found []*object
	for _, o := range a.objects {
		in := fold(o.dn) == fold(base) || (scope == goldap.ScopeWholeSubtree && strings.HasSuffix(fold(o.dn), ","+fold(base)))
		if in && (!a.blind[fold(se.bound.dn)] || o == se.bound) && a.matches(o, filter) {
			found = append(found, o)
		}
	}
	return found
}

// pagingOf gives size and cookie of the paging control, if there is one.
func pagingOf(controls *ber.Packet) *goldap.ControlPaging {
	if controls == nil {
		return nil
	}
	for _, c := range controls.Children {
		if decoded, err := goldap.DecodeControl(c); err == nil {
			if paging, ok := decoded.(*goldap.ControlPaging); ok {
				return paging
			}
		}
	}
	return nil
}

// pageOf sends what fits on a page. Without the control a search that finds more
// than MaxPageSize ends with an error. References come on the last page.
func (a *AD) pageOf(se *session, id int64, found []*object, want []string, limit int, paging *goldap.ControlPaging, root bool) {
	from, size, code := 0, a.page, uint16(0)
	if paging != nil {
		from, _ = strconv.Atoi(string(paging.Cookie))
		size = min(size, max(1, int(paging.PagingSize)))
	} else if limit > 0 {
		size = min(size, limit)
	}
	to := min(len(found), from+size)
	for _, o := range found[min(from, to):to] {
		se.entry(id, o.dn, a.project(o, want))
	}
	cookie := ""
	if to < len(found) {
		cookie = strconv.Itoa(to)
	}
	switch {
	case paging == nil && cookie != "":
		code = goldap.LDAPResultSizeLimitExceeded
	case root && cookie == "":
		for _, part := range []string{"DC=ForestDnsZones,", "DC=DomainDnsZones,", "CN=Configuration,"} {
			se.refer(id, "ldap://corp.acme.example/"+part+Domain)
		}
	}
	if paging == nil {
		se.finish(id, code, "", nil)
		return
	}
	se.finish(id, code, "", &cookie)
}

// project gives the attributes that were asked for, many values in ranges.
func (a *AD) project(o *object, want []string) []attribute {
	var out []attribute
	for _, name := range want {
		bare, option, _ := strings.Cut(name, ";")
		values := a.get(o, bare)
		if strings.EqualFold(bare, "allowedAttributesEffective") {
			values = []string{"userAccountControl", "accountExpires", "unicodePwd", "pwdLastSet", "member"}
		}
		written := bare
		if o.names[strings.ToLower(bare)] != "" {
			written = o.names[strings.ToLower(bare)]
		}
		low := 0
		if _, err := fmt.Sscanf(option, "range=%d-", &low); err != nil && len(values) <= a.values {
			if len(values) > 0 {
				out = append(out, attribute{written, values})
			}
			continue
		}
		high := min(len(values), low+a.values)
		end := strconv.Itoa(high - 1)
		if high == len(values) {
			end = "*"
		}
		if option == "" {
			out = append(out, attribute{written, nil})
		}
		out = append(out, attribute{fmt.Sprintf("%s;range=%d-%s", written, low, end), values[min(low, high):high]})
	}
	return out
}
