package ldaptest

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

// oldPasswordPeriod is how long the password before the last is taken.
// https://learn.microsoft.com/troubleshoot/windows-server/windows-security/new-setting-modifies-ntlm-network-authentication
const oldPasswordPeriod = time.Hour

func (a *AD) handle(se *session, id int64, op, controls *ber.Packet) {
	switch uint64(op.Tag) {
	case goldap.ApplicationBindRequest:
		a.bind(se, id, op)
	case goldap.ApplicationSearchRequest:
		a.search(se, id, op, controls)
	case goldap.ApplicationModifyRequest:
		code, says := a.modify(se, op)
		se.answer(id, goldap.ApplicationModifyResponse, code, says)
	case goldap.ApplicationCompareRequest:
		se.answer(id, goldap.ApplicationCompareResponse, a.compare(se, op), "")
	default:
		reply, _ := answerTo(op.Tag)
		se.answer(id, reply, goldap.LDAPResultUnwillingToPerform, "")
	}
}

func (a *AD) bind(se *session, id int64, op *ber.Packet) {
	name, password := text(op.Children[1]), text(op.Children[2])
	a.mu.Lock()
	defer a.mu.Unlock()
	o, data := a.whois(name), ""
	switch {
	case o == nil:
		data = "525"
	default:
		data = a.refusal(o, password)
	}
	if data != "" {
		se.bound = nil
		se.answer(id, goldap.ApplicationBindResponse, goldap.LDAPResultInvalidCredentials, "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data "+data+", v4563")
		return
	}
	se.bound = o
	se.answer(id, goldap.ApplicationBindResponse, 0, "")
}

// whois finds an account by DN, NAME@DOMAIN or DOMAIN\NAME.
func (a *AD) whois(name string) *object {
	if o := a.find(name); o != nil {
		return o
	}
	_, login, _ := strings.Cut(name, `\`)
	for _, o := range a.objects {
		if a.equal(o, "userPrincipalName", name) || (login != "" && a.equal(o, "sAMAccountName", login)) {
			return o
		}
	}
	return nil
}

// refusal is the number with which a bind is refused. Only who knows the password
// is told what else is wrong.
func (a *AD) refusal(o *object, password string) string {
	old := len(o.passwords) > 1 && o.passwords[1] == password && a.now().Before(o.resetAt.Add(oldPasswordPeriod))
	if len(o.passwords) == 0 || password == "" || (o.passwords[0] != password && !old) {
		return "52e"
	}
	control, _ := strconv.Atoi(first(o.attrs["useraccountcontrol"]))
	expires, _ := strconv.ParseInt(first(o.attrs["accountexpires"]), 10, 64)
	now, _ := strconv.ParseInt(fileTime(a.now()), 10, 64)
	switch {
	case control&2 != 0:
		return "533"
	case expires > 0 && expires <= now:
		return "701"
	case first(o.attrs["pwdlastset"]) == "0":
		return "773"
	}
	return ""
}

func first(all []string) string {
	if len(all) == 0 {
		return ""
	}
	return all[0]
}

// singles are attributes with one value at most.
func singles() []string {
	return []string{"useraccountcontrol", "accountexpires", "pwdlastset", "primarygroupid", "managedby", "manager", "employeeid", "mail", "samaccountname"}
}

// modify makes all changes of a request or none.
func (a *AD) modify(se *session, op *ber.Packet) (uint16, string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if se.bound == nil {
		return goldap.LDAPResultOperationsError, "000004DC: LdapErr: DSID-0C090A5C, comment: a successful bind must be completed"
	}
	o := a.find(text(op.Children[0]))
	switch {
	case o == nil:
		return goldap.LDAPResultNoSuchObject, "0000208D: NameErr: problem 2001 (NO_OBJECT)"
	case !a.writers[fold(se.bound.dn)]:
		return goldap.LDAPResultInsufficientAccessRights, "00002098: SecErr: DSID-031514A0, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0"
	}
	next := map[string][]string{}
	names := map[string]string{}
	for _, c := range op.Children[1].Children {
		kind, _ := c.Children[0].Value.(int64)
		name := text(c.Children[1].Children[0])
		var values []string
		for _, v := range c.Children[1].Children[1].Children {
			values = append(values, text(v))
		}
		key := strings.ToLower(name)
		names[key] = name
		if _, begun := next[key]; !begun {
			next[key] = slices.Clone(o.attrs[key])
		}
		after, code, says := a.changed(se, key, kind, next[key], values)
		if code != 0 {
			return code, says
		}
		next[key] = after
	}
	for key, values := range next {
		a.store(o, key, names[key], values)
	}
	return 0, ""
}

// changed is what one part of a request makes of an attribute's values.
func (a *AD) changed(se *session, key string, kind int64, now, values []string) ([]string, uint16, string) {
	if code, says := a.forbidden(se, key, kind, values); code != 0 {
		return nil, code, says
	}
	has := func(v string) bool {
		return slices.ContainsFunc(now, func(x string) bool { return strings.EqualFold(x, v) })
	}
	switch kind {
	case goldap.ReplaceAttribute:
		return values, 0, ""
	case goldap.AddAttribute:
		if slices.ContainsFunc(values, has) || (len(now) > 0 && slices.Contains(singles(), key)) {
			code, says := double(key)
			return nil, code, says
		}
		return append(slices.Clone(now), values...), 0, ""
	}
	if !slices.ContainsFunc(values, func(v string) bool { return !has(v) }) && len(values) > 0 {
		return slices.DeleteFunc(slices.Clone(now), func(x string) bool {
			return slices.ContainsFunc(values, func(v string) bool { return strings.EqualFold(x, v) })
		}), 0, ""
	}
	if len(values) == 0 && len(now) > 0 {
		return nil, 0, ""
	}
	code, says := missing(key)
	return nil, code, says
}

// double refuses a value that is there, missing one that is not.
func double(key string) (uint16, string) {
	if key == "member" {
		return goldap.LDAPResultEntryAlreadyExists, "00000562: UpdErr: DSID-031A11FA, problem 6005 (ENTRY_EXISTS), data 0"
	}
	return goldap.LDAPResultAttributeOrValueExists, "00002083: AtrErr: DSID-03151330, problem 1006 (ATT_OR_VALUE_EXISTS)"
}

func missing(key string) (uint16, string) {
	if key == "member" {
		return goldap.LDAPResultUnwillingToPerform, "00000561: SvcErr: DSID-031A120C, problem 5003 (WILL_NOT_PERFORM), data 0"
	}
	return goldap.LDAPResultNoSuchAttribute, "00002085: AtrErr: DSID-03151F04, problem 1001 (NO_ATTRIBUTE_OR_VAL)"
}

// forbidden says what may not be written at all, or not like this.
func (a *AD) forbidden(se *session, key string, kind int64, values []string) (uint16, string) {
	switch key {
	case "objectguid", "objectsid", "memberof", "usnchanged", "distinguishedname":
		return goldap.LDAPResultUnwillingToPerform, "0000209A: SvcErr: problem 5003 (WILL_NOT_PERFORM): owned by the system"
	case "pwdlastset":
		if !slices.Contains([]string{"0", "-1"}, first(values)) {
			return goldap.LDAPResultUnwillingToPerform, "00000057: SvcErr: problem 5003 (WILL_NOT_PERFORM)"
		}
	case "unicodepwd":
		switch {
		case !se.secure:
			return goldap.LDAPResultUnwillingToPerform, "0000001F: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM), data 0"
		case kind != goldap.ReplaceAttribute || len(values) != 1:
			return goldap.LDAPResultConstraintViolation, "00000056: AtrErr: problem 1005 (CONSTRAINT_ATT_TYPE)"
		case !complicated(values[0]):
			return goldap.LDAPResultConstraintViolation, "0000052D: AtrErr: DSID-03190FD6, problem 1005 (CONSTRAINT_ATT_TYPE), data 0, Att 9005a (unicodePwd)"
		}
	}
	return 0, ""
}

// complicated says whether a value is a password in quotes and UTF-16LE with three
// sorts of characters. https://learn.microsoft.com/previous-versions/windows/it-pro/windows-10/security/threat-protection/security-policy-settings/password-must-meet-complexity-requirements
func complicated(value string) bool {
	plain := unquoted(value)
	sorts := 0
	for _, set := range []string{"abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789", "!#$%&()*+-./:;<=>?@[]^_{|}~"} {
		if strings.ContainsAny(plain, set) {
			sorts++
		}
	}
	return len(plain) >= 7 && sorts >= 3
}

// unquoted is the password in a value of unicodePwd, empty if it is none.
func unquoted(value string) string {
	if len(value)%2 != 0 {
		return ""
	}
	var units []uint16
	for i := 0; i < len(value); i += 2 {
		units = append(units, binary.LittleEndian.Uint16([]byte(value[i:i+2])))
	}
	plain := string(utf16.Decode(units))
	if len(plain) < 2 || plain[0] != '"' || plain[len(plain)-1] != '"' {
		return ""
	}
	return plain[1 : len(plain)-1]
}

// store makes a change lasting, with what follows from it.
func (a *AD) store(o *object, key, name string, values []string) {
	switch key {
	case "unicodepwd":
		o.passwords = append([]string{unquoted(values[0])}, o.passwords...)
		o.resetAt = a.now()
		a.stampOf(o, "unicodePwd")
		a.set(o, "pwdLastSet", fileTime(a.now()))
	case "pwdlastset":
		if values[0] == "-1" {
			values = []string{fileTime(a.now())}
		}
		a.set(o, "pwdLastSet", values...)
	default:
		a.set(o, name, values...)
	}
}

func (a *AD) compare(se *session, op *ber.Packet) uint16 {
	a.mu.Lock()
	defer a.mu.Unlock()
	o := a.find(text(op.Children[0]))
	switch {
	case se.bound == nil:
		return goldap.LDAPResultOperationsError
	case o == nil:
		return goldap.LDAPResultNoSuchObject
	case len(a.get(o, text(op.Children[1].Children[0]))) == 0:
		return goldap.LDAPResultNoSuchAttribute
	case a.equal(o, text(op.Children[1].Children[0]), text(op.Children[1].Children[1])):
		return goldap.LDAPResultCompareTrue
	}
	return goldap.LDAPResultCompareFalse
}
