package ldap

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"lastday"
)

// The flavours.
const (
	flavourOpenLDAP = "openldap"
	flavourAD       = "active-directory"
)

// flavour is what one kind of server calls things.
type flavour struct {
	name string
	// id is the attribute that pins an entry, dn the one by which entries are found by name.
	id, dn string
	// login, number and mail are evidence about whose an account is.
	login, number, mail string
	// people matches accounts of people.
	people string
	// account lists what is read of an account besides.
	account []string
	// version is what counts up with every change of an entry.
	version string
}

func flavourOf(c Config) flavour {
	f := flavour{
		name: flavourOpenLDAP, id: "entryUUID", dn: "entryDN", login: "uid", number: "employeeNumber", mail: "mail",
		people: "(|(objectClass=person)(objectClass=posixAccount))", version: "entryCSN",
		account: []string{"pwdAccountLockedTime", "pwdPolicySubentry", "gidNumber"},
	}
	if c.Flavour == flavourAD {
		f = flavour{
			name: flavourAD, id: "objectGUID", dn: "distinguishedName", login: "sAMAccountName", number: "employeeID", mail: "mail",
			people: "(&(objectCategory=person)(objectClass=user))", version: "uSNChanged",
			account: []string{
				"userAccountControl", "accountExpires", "pwdLastSet", "objectSid", "primaryGroupID", "userPrincipalName", "adminCount",
				"servicePrincipalName", "msDS-AllowedToDelegateTo", "altSecurityIdentities", "msDS-KeyCredentialLink", "sIDHistory",
				"msDS-ReplAttributeMetaData", "allowedAttributesEffective",
			},
		}
	}
	f.account = append(f.account, f.id, f.login, f.number, f.mail, f.version)
	if c.SSHKeys != "" {
		f.account = append(f.account, c.SSHKeys)
	}
	return f
}

func (f flavour) ad() bool { return f.name == flavourAD }

// elsewhere says whether references that a search gave mean that a part of what
// was asked for was not read. Active Directory always refers to its own
// partitions for configuration and names, which hold no people.
func (f flavour) elsewhere(refs []string) bool {
	for _, r := range refs {
		r = strings.ToLower(r)
		own := strings.Contains(r, "/cn=configuration,") || strings.Contains(r, "/dc=forestdnszones,") || strings.Contains(r, "/dc=domaindnszones,")
		if !f.ad() || !own {
			return true
		}
	}
	return false
}

// idFilter matches the entry with the id. The id is checked: nothing but an id
// gets into the filter.
func (f flavour) idFilter(id string) (string, error) {
	if !isUUID(id) {
		return "", lastday.Errorf(lastday.CodeInvalid, "ldap", "the id is none of a directory's: want 8-4-4-4-12 hexadecimal digits")
	}
	if !f.ad() {
		return "(entryUUID=" + id + ")", nil
	}
	return "(objectGUID=" + escapeBytes(guidBytes(id)) + ")", nil
}

// escapeBytes writes binary into a filter. https://www.rfc-editor.org/rfc/rfc4515#section-3
func escapeBytes(raw []byte) string {
	var escaped strings.Builder
	for _, b := range raw {
		fmt.Fprintf(&escaped, `\%02x`, b)
	}
	return escaped.String()
}

func escape(value string) string { return goldap.EscapeFilter(value) }

func parseUint32(text string) (uint32, error) {
	n, err := strconv.ParseUint(text, 10, 32)
	return uint32(n), err
}

func isUUID(id string) bool {
	return regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`).MatchString(id)
}

// guidBytes is the form in which Active Directory keeps a GUID: the first three
// parts are little-endian. https://learn.microsoft.com/openspecs/windows_protocols/ms-dtyp/001eec5a-7f8b-4293-9e21-ca349392db40
func guidBytes(id string) []byte {
	raw, err := hex.DecodeString(strings.ReplaceAll(id, "-", ""))
	if err != nil || len(raw) != 16 {
		return nil
	}
	return swapped(raw)
}

func swapped(raw []byte) []byte {
	out := make([]byte, 16)
	binary.LittleEndian.PutUint32(out, binary.BigEndian.Uint32(raw))
	binary.LittleEndian.PutUint16(out[4:], binary.BigEndian.Uint16(raw[4:]))
	binary.LittleEndian.PutUint16(out[6:], binary.BigEndian.Uint16(raw[6:]))
	copy(out[8:], raw[8:])
	return out
}

func guidText(raw []byte) string {
	if len(raw) != 16 {
		return ""
	}
	b := swapped(raw)
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// equal is a filter for an attribute with a value, whatever is in the value.
func equal(attr, value string) string { return "(" + attr + "=" + escape(value) + ")" }

// anyOf joins filters.
func anyOf(filters ...string) string { return "(|" + strings.Join(filters, "") + ")" }

func allOf(filters ...string) string { return "(&" + strings.Join(filters, "") + ")" }

// entry is one that the server gave.
type entry struct {
	*goldap.Entry
	flavour flavour
}

// id pins the entry; empty if the server did not give it.
func (e *entry) id() string {
	if e.flavour.ad() {
		return guidText(e.GetEqualFoldRawAttributeValue("objectGUID"))
	}
	id := strings.ToLower(e.get("entryUUID"))
	if !isUUID(id) {
		return ""
	}
	return id
}

func (e *entry) get(attr string) string { return e.GetEqualFoldAttributeValue(attr) }

func (e *entry) all(attr string) []string { return e.GetEqualFoldAttributeValues(attr) }

// name is what people call the entry: the value of the first part of its DN.
func (e *entry) name() string { return firstValue(e.DN) }

func firstValue(dn string) string {
	parsed, err := goldap.ParseDN(dn)
	if err != nil || len(parsed.RDNs) == 0 || len(parsed.RDNs[0].Attributes) == 0 {
		return "entry"
	}
	return parsed.RDNs[0].Attributes[0].Value
}

// distinct leaves out what was found under two bases.
func distinct(all []*entry) []*entry {
	seen := map[string]bool{}
	var out []*entry
	for _, e := range all {
		if key := foldDN(e.DN); !seen[key] {
			seen[key] = true
			out = append(out, e)
		}
	}
	return out
}
