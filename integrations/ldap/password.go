package ldap

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/xml"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	goldap "github.com/go-ldap/ldap/v3"

	"lastday"
)

// stamp is one value of msDS-ReplAttributeMetaData: how often and when an
// attribute was changed, on whichever server.
// https://learn.microsoft.com/openspecs/windows_protocols/ms-drsr/f7a10e53-9c45-4719-a641-4db15e385297
type stamp struct {
	Name    string `xml:"pszAttributeName"`
	Version int64  `xml:"dwVersion"`
	Changed string `xml:"ftimeLastOriginatingChange"`
}

func (s stamp) at() (time.Time, bool) {
	at, err := time.Parse(time.RFC3339, s.Changed)
	return at, err == nil
}

// stampOf finds the stamp of an attribute; its version is 0 if there is none.
func stampOf(e *entry, attr string) stamp {
	for _, value := range e.all("msDS-ReplAttributeMetaData") {
		var s stamp
		if xml.Unmarshal([]byte(strings.TrimRight(value, "\x00")), &s) == nil && strings.EqualFold(s.Name, attr) {
			return s
		}
	}
	return stamp{}
}

// passwordRung says whether the person may know a password. It is gone where the
// account is disabled, the password was set after that, and it would have to be
// changed at the next logon (pwdLastSet is 0): just what we leave behind.
func passwordRung(e *entry) string {
	set, known := stampOf(e, "unicodePwd").at()
	off, also := stampOf(e, "userAccountControl").at()
	if disabled(e) && e.get("pwdLastSet") == "0" && known && also && !set.Before(off) {
		return lastday.None
	}
	return rungKnown
}

func (s *survey) addPassword() {
	if s.tls == nil {
		s.page.Gaps = append(s.page.Gaps, s.gap(kindPassword, "the password", lastday.CodeUnsupported, "Active Directory takes a password over an encrypted connection only", "use ldaps:// or start_tls"))
		return
	}
	if passwordRung(s.account) == lastday.None {
		return
	}
	g := grant(kindPassword, "unicodePwd", lastday.Restore{Fidelity: lastday.RestoreNever, Note: passwordGone})
	g.Details["version"] = strconv.FormatInt(stampOf(s.account, "unicodePwd").Version, 10)
	s.hold(g, "password", rungKnown, lastday.LevelSignIn)
}

// passwordMover sets the password twice to what nobody knows: after one reset
// the old one may go on being taken for an hour.
// https://learn.microsoft.com/troubleshoot/windows-server/windows-security/new-setting-modifies-ntlm-network-authentication
func passwordMover() mover {
	return mover{
		rung: func(j *job) (string, error) {
			if resets(j) < 2 {
				return rungKnown, nil
			}
			return passwordRung(j.account), nil
		},
		write: func(j *job) ([]*goldap.ModifyRequest, error) {
			if !disabled(j.account) {
				// Disabling comes before this in the same stage, and may yet come about.
				return nil, lastday.Errorf(lastday.CodeTransient, opApply, "the account is not disabled: the person could set a new password with the help of whoever does not know; disable it first")
			}
			if stampOf(j.account, "unicodePwd").Version == 0 {
				return nil, j.refuse("msDS-ReplAttributeMetaData is not shown to us: nothing would show that the password was set")
			}
			if j.tls == nil {
				return nil, j.refuse("Active Directory takes a password over an encrypted connection only")
			}
			// A reset stands alone in its request, as the specification wants it.
			// https://learn.microsoft.com/openspecs/windows_protocols/ms-adts/6e803168-f140-4d23-b2d3-c3a8ab5917d2
			requests := []*goldap.ModifyRequest{reset(j.account), reset(j.account), goldap.NewModifyRequest(j.account.DN, nil)}
			requests[2].Replace("pwdLastSet", []string{"0"})
			return requests, nil
		},
	}
}

// resets counts how often the password was set since the change was planned. An
// attempt that ended between the two must not pass for done.
func resets(j *job) int64 {
	planned, err := strconv.ParseInt(j.change.Grant.Details["version"], 10, 64)
	if err != nil {
		return 2
	}
	return stampOf(j.account, "unicodePwd").Version - planned
}

func reset(account *entry) *goldap.ModifyRequest {
	req := goldap.NewModifyRequest(account.DN, nil)
	req.Replace("unicodePwd", []string{quotedUTF16(randomPassword())})
	return req
}

// randomPassword is one that nobody knows and every policy on complexity takes.
// It is never kept.
func randomPassword() string { return "aA1!" + rand.Text() + rand.Text() }

// quotedUTF16 is a password as unicodePwd wants it.
func quotedUTF16(password string) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune(`"` + password + `"`)) {
		out = binary.LittleEndian.AppendUint16(out, unit)
	}
	return string(out)
}
