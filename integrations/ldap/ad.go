package ldap

import (
	"fmt"
	"strconv"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"lastday"
)

// Bits of userAccountControl.
// https://learn.microsoft.com/troubleshoot/windows-server/active-directory/useraccountcontrol-manipulate-account-properties
const (
	bitDisabled    = 0x2
	bitDelegation  = 0x80000   // TRUSTED_FOR_DELEGATION
	bitNoPreauth   = 0x400000  // DONT_REQ_PREAUTH
	bitToDelegate  = 0x1000000 // TRUSTED_TO_AUTH_FOR_DELEGATION
	bitNoPassword  = 0x20      // PASSWD_NOTREQD
	ticketsGoOn    = "Kerberos tickets that were given out go on until they end"
	connectionsOn  = "connections that the account has open go on until they end: a domain controller does not look again"
	neverExpires   = "9223372036854775807"
	neverExpires0  = "0"
	ticksPerSecond = 10_000_000
	// epoch1601 is the beginning of Windows' time before that of Unix, in seconds.
	epoch1601 = 11_644_473_600
)

// control is userAccountControl; an account whose value is not shown counts as
// enabled, and cannot be changed.
func control(e *entry) (int64, bool) {
	n, err := strconv.ParseInt(e.get("userAccountControl"), 10, 64)
	return n, err == nil
}

func disabled(e *entry) bool {
	n, ok := control(e)
	return ok && n&bitDisabled != 0
}

func controlRung(e *entry) string {
	if disabled(e) {
		return lastday.None
	}
	return rungEnabled
}

func (s *survey) addControl() {
	if disabled(s.account) {
		return
	}
	g := grant(kindSignIn, "bind", exact())
	g.Details["user_account_control"] = s.account.get("userAccountControl")
	s.hold(g, "sign-in", rungEnabled, lastday.LevelSignIn)
}

// controlMover disables and enables an account: one bit, and the others as they
// are. Deleting the value that was read and adding the new one in the same
// request fails if somebody changed it in between.
func controlMover() mover {
	return mover{
		rung: func(j *job) (string, error) { return controlRung(j.account), nil },
		write: func(j *job) ([]*goldap.ModifyRequest, error) {
			now, ok := control(j.account)
			if !ok {
				return nil, lastday.Errorf(lastday.CodeDenied, opApply, "userAccountControl is not shown to us: it cannot be changed without losing its other bits")
			}
			next := now &^ bitDisabled
			if j.down {
				next = now | bitDisabled
				j.open(connectionsOn, 0)
				j.open(ticketsGoOn, j.cfg.TicketLifetime)
			}
			return one(swap(j.account, "userAccountControl", strconv.FormatInt(next, 10))), nil
		},
	}
}

// swap replaces the value that was read, and fails if it is another by now.
func swap(e *entry, attr, next string) *goldap.ModifyRequest {
	req := goldap.NewModifyRequest(e.DN, nil)
	if now := e.get(attr); now != "" {
		req.Delete(attr, []string{now})
	}
	req.Add(attr, []string{next})
	return req
}

// fileTime is a time as Active Directory writes it: a tenth of a microsecond
// since 1601. https://learn.microsoft.com/windows/win32/adschema/a-accountexpires
func fileTime(t time.Time) string {
	return strconv.FormatInt((t.Unix()+epoch1601)*ticksPerSecond, 10)
}

func parseFileTime(text string) (time.Time, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 || text == neverExpires {
		return time.Time{}, false
	}
	return time.Unix(n/ticksPerSecond-epoch1601, n%ticksPerSecond*100).UTC(), true
}

// expiryRung says whether the account's time is over. What cannot be read is not.
func expiryRung(e *entry, now time.Time) string {
	if at, ok := parseFileTime(e.get("accountExpires")); ok && !at.After(now) {
		return lastday.None
	}
	return rungOpen
}

func (s *survey) addExpiry() {
	if expiryRung(s.account, s.now()) == lastday.None {
		return
	}
	g := grant(kindExpiry, "accountExpires", exact())
	g.Details["account_expires"] = s.account.get("accountExpires")
	name := "no end of the account's time"
	if at, ok := parseFileTime(s.account.get("accountExpires")); ok {
		name = "the account's time until " + at.Format(time.RFC3339)
	}
	s.hold(g, name, rungOpen, lastday.LevelSignIn)
}

func expiryMover() mover {
	const attr = "accountExpires"
	return mover{
		rung: func(j *job) (string, error) { return expiryRung(j.account, j.driver.now()), nil },
		write: func(j *job) ([]*goldap.ModifyRequest, error) {
			if j.down {
				now := fileTime(j.driver.now())
				j.keep("account_expires", j.account.get(attr))
				j.keep("account_expired", now)
				j.open(connectionsOn, 0)
				j.open(ticketsGoOn, j.cfg.TicketLifetime)
				return one(swap(j.account, attr, now)), nil
			}
			if ours := j.change.Undo["account_expired"]; ours != "" && j.account.get(attr) != ours {
				j.outcome, j.note = lastday.OutcomeDrifted, "somebody let the account expire at another time since"
				return nil, nil
			}
			before := j.restoreWith("account_expires")
			if _, err := strconv.ParseInt(before, 10, 64); err != nil {
				return nil, lastday.Errorf(lastday.CodeInvalid, opApply, "what accountExpires was is not known")
			}
			return one(swap(j.account, attr, before)), nil
		},
	}
}

// addFlags tells what an account of Active Directory is besides, and what others
// could make of it.
func (s *survey) addFlags() {
	n, _ := control(s.account)
	flags := []struct {
		bit       int64
		what, why string
	}{
		{bitDelegation, "unconstrained delegation (TRUSTED_FOR_DELEGATION)", "services that run as the account may act as whoever talks to them"},
		{bitToDelegate, "delegation with any way of logging in (TRUSTED_TO_AUTH_FOR_DELEGATION)", "services that run as the account may act as anybody towards the listed services"},
		{bitNoPreauth, "no Kerberos pre-authentication (DONT_REQ_PREAUTH)", "anybody may ask for something to guess the password from"},
		{bitNoPassword, "no password required (PASSWD_NOTREQD)", "the account may have an empty password"},
	}
	for _, f := range flags {
		if n&f.bit != 0 {
			s.residue(kindSignIn, f.what, f.why, "clear the bit in userAccountControl")
		}
	}
	s.addNamed("servicePrincipalName", "service principal name", "services run as the account, and anybody in the domain can ask for a ticket to guess its password from", "give the services an account of their own, then remove the name")
	s.addNamed("msDS-AllowedToDelegateTo", "delegation to", "services that run as the account may act as others there", "remove the entry from msDS-AllowedToDelegateTo")
	s.addNamed("altSecurityIdentities", "certificate or foreign identity", "it logs in as the account without the password", "remove it from altSecurityIdentities, and revoke the certificate")
	if keys := s.account.all("msDS-KeyCredentialLink"); len(keys) > 0 {
		s.residue(kindSignIn, fmt.Sprintf("%d key credentials (Windows Hello, FIDO2)", len(keys)), "they log in as the account without the password once it is enabled", "remove them from msDS-KeyCredentialLink")
	}
	if ids := s.account.all("sIDHistory"); len(ids) > 0 {
		s.residue(kindGroup, fmt.Sprintf("%d former identities (sIDHistory)", len(ids)), "the account has what they have, in whatever domain, and no group shows it", "remove them from sIDHistory")
	}
	if s.account.get("adminCount") == "1" {
		s.residue(kindGroup, "adminCount is 1", "the account is or was in a protected group: its access control list was frozen, and stays so", "clear adminCount and let the entry inherit its rights again")
	}
}

func (s *survey) addNamed(attr, what, why, todo string) {
	for _, value := range s.account.all(attr) {
		s.residue(kindSignIn, what+" "+value, why, todo)
	}
}
