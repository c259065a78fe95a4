package ldap

import (
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"lastday"
	"lastday/integrations/internal/httpx"
)

// permanent is the lock that no time ends.
// https://www.openldap.org/software/man.cgi?query=slapo-ppolicy (pwdAccountLockedTime)
const permanent = "000001010000Z"

// policyNote says why a lock would not hold: slapd takes the attribute and lets
// the account in all the same if its policy has no pwdLockout.
const policyNote = "the account's password policy is not there, not shown to us, or has no pwdLockout, or the locked canary was let in: slapd would keep the lock and let the account in all the same"

// lockout says whether a lock of the account holds: whether the policy that
// counts for it has pwdLockout.
func (l *link) lockout(op string, account *entry) (bool, error) {
	dn := account.get("pwdPolicySubentry")
	if dn == "" {
		dn = l.cfg.Policy
	}
	policy, err := l.read(op, dn, everything, "pwdLockout")
	if err != nil || policy == nil || !strings.EqualFold(policy.get("pwdLockout"), "TRUE") {
		return false, err
	}
	if l.cfg.LockedCanary == "" || !sameDN(dn, l.cfg.Policy) {
		return true, nil
	}
	return l.refusesLocked(op)
}

// refusesLocked tries to bind as an account that is locked: only the server knows
// which policy is its default, and whether it looks at locks at all.
func (l *link) refusesLocked(op string) (bool, error) {
	side, err := l.dial(l.ctx, op)
	if err != nil {
		return false, err
	}
	defer side.close()
	httpx.Note(l.ctx, false)
	err = side.conn.Bind(l.cfg.LockedCanary, l.lockedPassword)
	if err == nil || resultIs(side.classify(op, err), goldap.LDAPResultInvalidCredentials) {
		return err != nil, nil
	}
	return false, side.classify(op, err)
}

// lockRung is where the sign-in of an account stands. A lock that does not hold
// is none, and one that time ends is none for long.
func lockRung(account *entry, holds bool) string {
	if holds && account.get("pwdAccountLockedTime") == permanent {
		return lastday.None
	}
	return rungEnabled
}

func (s *survey) addLock() error {
	holds, err := s.lockout(s.op, s.account)
	if err != nil {
		return err
	}
	if !holds {
		s.residue(kindSignIn, "the account cannot be locked", policyNote, "give the policy pwdLockout: TRUE, and check policy in the configuration")
	}
	if lockRung(s.account, holds) == lastday.None {
		return nil
	}
	g := grant(kindSignIn, "bind", exact())
	g.Details["locked_time"] = s.account.get("pwdAccountLockedTime")
	s.hold(g, "sign-in", rungEnabled, lastday.LevelSignIn)
	return nil
}

// lockMover locks and unlocks an account of OpenLDAP.
func lockMover() mover {
	holds := false
	return mover{
		rung: func(j *job) (string, error) {
			var err error
			holds, err = j.lockout(opApply, j.account)
			// What we wrote is taken back also where it has come to hold nothing.
			return lockRung(j.account, holds || !j.down), err
		},
		write: func(j *job) ([]*goldap.ModifyRequest, error) {
			if j.down && !holds {
				return nil, j.refuse(policyNote)
			}
			return one(lockRequest(j)), nil
		},
	}
}

func lockRequest(j *job) *goldap.ModifyRequest {
	const attr = "pwdAccountLockedTime"
	req := goldap.NewModifyRequest(j.account.DN, nil)
	if j.down {
		j.keep("locked_time", j.account.get(attr))
		j.open("connections that the account has open go on until they end: slapd does not look at the lock again", 0)
		req.Replace(attr, []string{permanent})
		return req
	}
	req.Delete(attr, []string{permanent}) // by its value: if somebody changed it meanwhile, this fails
	if before := j.restoreWith("locked_time"); before != "" && before != permanent {
		req.Add(attr, []string{before})
	}
	return req
}
