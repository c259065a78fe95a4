package ldap

import (
	"context"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"lastday"
)

const opApply = "ldap: apply"

// job is one change under way.
type job struct {
	*link
	change  lastday.Change
	down    bool
	scene   scene
	account *entry
	// What the receipt will hold.
	now      string
	outcome  lastday.Outcome
	note     string
	requests []lastday.Request
	undo     map[string]string
	residues []lastday.Residue
}

// refuse ends the job without an error: only a person can decide.
func (j *job) refuse(note string) error {
	j.outcome, j.note = lastday.OutcomeRefused, note
	return nil
}

func (j *job) keep(key, value string) {
	if j.undo == nil {
		j.undo = map[string]string{}
	}
	j.undo[key] = value
}

// restoreWith is what giving back needs: what was taken, or else what was seen
// when the change was planned.
func (j *job) restoreWith(key string) string {
	if v, ok := j.change.Undo[key]; ok {
		return v
	}
	return j.change.Grant.Details[key]
}

// open notes what goes on although the change is made, and for how long; zero
// is unknown.
func (j *job) open(what string, lasts time.Duration) {
	r := lastday.Residue{System: j.system, Kind: kindSignIn, What: what, Why: "whoever is in already is not asked again", Todo: "restart what must not wait"}
	if lasts > 0 {
		r.Until = j.driver.now().Add(lasts)
	}
	j.residues = append(j.residues, r)
}

// mover knows how to read and change one kind of grant.
type mover struct {
	// rung is where it stands now. It reads what the scene does not hold.
	rung func(j *job) (string, error)
	// write gives the requests that bring it to change.To. It may refuse.
	write func(j *job) ([]*goldap.ModifyRequest, error)
	// instead gives, for a request that the server refused, another that does the same; it may be nil.
	instead func(j *job, refused error) (*goldap.ModifyRequest, error)
}

func one(req *goldap.ModifyRequest) []*goldap.ModifyRequest { return []*goldap.ModifyRequest{req} }

func (d *driver) mover(kind string) (mover, bool) {
	switch {
	case kind == kindSignIn && d.flavour.ad():
		return controlMover(), true
	case kind == kindSignIn:
		return lockMover(), true
	case kind == kindExpiry && d.flavour.ad():
		return expiryMover(), true
	case kind == kindPassword && d.flavour.ad():
		return passwordMover(), true
	case kind == kindKey && d.cfg.SSHKeys != "":
		return keyMover(), true
	case kind == kindGroup:
		return groupMover(), true
	}
	return mover{}, false
}

// Apply brings one grant to one rung.
func (d *driver) Apply(ctx context.Context, change lastday.Change) (lastday.Receipt, error) {
	m, ok := d.mover(change.Grant.Kind)
	if !ok {
		return lastday.Receipt{}, lastday.Errorf(lastday.CodeUnsupported, opApply, "nothing here can change such a grant")
	}
	down, err := change.Down()
	if err != nil {
		return lastday.Receipt{}, lastday.Wrap(lastday.CodeInvalid, opApply, "ladder", err)
	}
	if _, err := d.flavour.idFilter(change.Account.ID); err != nil {
		return lastday.Receipt{}, err
	}
	j := &job{change: change, down: down}
	if !change.Grant.Direct() {
		j.outcome, j.note = lastday.OutcomeDelegated, "it comes by way of something else, where it must be changed"
		return d.receipt(j), nil
	}
	ctx, cancel := bounds(ctx)
	defer cancel()
	if j.link, err = d.connect(ctx, opApply); err != nil {
		return lastday.Receipt{}, err
	}
	defer j.close()
	if err := j.run(m); err != nil {
		return lastday.Receipt{}, err
	}
	return d.receipt(j), nil
}

// run reads, decides, writes and reads again.
func (j *job) run(m mover) error {
	if err := j.see(); err != nil || j.outcome != "" {
		return err
	}
	if err := j.settle(m); err != nil || j.outcome != "" {
		return err
	}
	requests, err := m.write(j)
	if err != nil || j.outcome != "" {
		return err
	}
	for _, req := range requests {
		if err := j.send(m, req); err != nil || j.outcome != "" {
			return err
		}
	}
	return j.confirm(m)
}

// see reads the scene, and ends the job where there is nobody or a guard says no.
func (j *job) see() error {
	var err error
	if j.scene, err = j.look(opApply, j.change.Account.ID); err != nil {
		return err
	}
	if control := j.scene.control(); !control.Seen {
		return lastday.Errorf(lastday.CodeDenied, opApply, "%s", control.Evidence)
	}
	j.account = j.scene.account
	switch {
	case j.account == nil:
		return j.already("the account is gone")
	case j.ours(j.account):
		return j.refuse("it is the account that we act as")
	}
	return nil
}

// already says that nothing is left to take.
func (j *job) already(why string) error {
	if !j.down {
		return j.refuse(why + ": there is nobody to give it back to")
	}
	j.outcome, j.now, j.note = lastday.OutcomeAlready, lastday.None, why+"; "+j.scene.control().Evidence
	return nil
}

// settle finds the changes that need no write, or must not be made.
func (j *job) settle(m mover) error {
	var err error
	if j.now, err = m.rung(j); err != nil || j.outcome != "" {
		return err
	}
	cmp, err := j.change.Grant.Ladder.Compare(j.now, j.change.To)
	switch {
	case err == nil && cmp == 0, j.down && err == nil && cmp < 0:
		j.outcome = lastday.OutcomeAlready
	case !j.down && j.now != j.change.From:
		j.outcome, j.note = lastday.OutcomeDrifted, "somebody changed it since"
	case !j.down && j.change.Grant.Restore.Fidelity == lastday.RestoreNever:
		return j.refuse(j.change.Grant.Restore.Note)
	}
	return nil
}

// send sends one write; where the server refuses it, the mover may know another.
func (j *job) send(m mover, req *goldap.ModifyRequest) error {
	err := j.modify(req)
	if err != nil && m.instead != nil {
		other, why := m.instead(j, err)
		if why != nil || j.outcome != "" {
			return why
		}
		if other != nil {
			req, err = other, j.modify(other)
		}
	}
	// No such value, or there already: somebody was faster. What it became is read.
	if resultIs(err, goldap.LDAPResultNoSuchAttribute, goldap.LDAPResultAttributeOrValueExists, goldap.LDAPResultEntryAlreadyExists, goldap.LDAPResultUnwillingToPerform) {
		return j.overtaken(m, err)
	}
	if err != nil {
		return err
	}
	j.did(req)
	return nil
}

// overtaken looks again after the server said that there was nothing to do.
func (j *job) overtaken(m mover, refused error) error {
	now, err := j.again(m)
	if err != nil || j.outcome != "" {
		return err
	}
	if now != j.change.To && j.down && j.change.Grant.Kind == kindGroup {
		return j.refuse("the group shows the member and has no such value, or does not let it go: it may follow from a rule (a dynamic group), which must be changed")
	}
	if now != j.change.To {
		return lastday.Wrap(lastday.CodeTransient, opApply, "the server refused what it showed to be possible: somebody else changed it meanwhile", refused)
	}
	j.outcome, j.now, j.note = lastday.OutcomeAlready, now, "somebody else did it meanwhile"
	return nil
}

// again reads the account and the grant anew.
func (j *job) again(m mover) (string, error) {
	if err := j.see(); err != nil || j.outcome != "" {
		return "", err
	}
	return m.rung(j)
}

// confirm reads back on the same connection: a server that says yes and does
// nothing is not believed.
func (j *job) confirm(m mover) error {
	before := j.now
	after, err := j.again(m)
	if err != nil {
		return lastday.Wrap(lastday.CodeUnknownOutcome, opApply, "the server said yes, and could not be asked again", err)
	}
	if j.outcome == "" && after != j.change.To {
		return lastday.Errorf(lastday.CodeInvalid, opApply, "the server said yes, and it stands at %q", after)
	}
	j.outcome, j.now = lastday.OutcomeApplied, before
	for i := range j.requests {
		if v := j.account; v != nil && j.requests[i].ID == "" {
			j.requests[i].ID = j.flavour.version + " " + v.get(j.flavour.version)
		}
	}
	return nil
}

// did notes a write in words, without names.
func (j *job) did(req *goldap.ModifyRequest) {
	what := "MODIFY"
	for _, c := range req.Changes {
		what += " " + map[uint]string{goldap.AddAttribute: "add", goldap.DeleteAttribute: "delete", goldap.ReplaceAttribute: "replace"}[c.Operation] + " " + c.Modification.Type
	}
	j.requests = append(j.requests, lastday.Request{What: what, At: j.driver.now()})
}

func (d *driver) receipt(j *job) lastday.Receipt {
	r := lastday.Receipt{Change: j.change.ID, Outcome: j.outcome, Before: j.now, Note: j.note, Requests: j.requests, DoneAt: d.now(), Undo: j.undo}
	switch j.outcome {
	case lastday.OutcomeApplied:
		r.Proof, r.Residue = lastday.ProofAcknowledged, j.residues
	case lastday.OutcomeAlready:
		r.Proof = lastday.ProofAcknowledged
	case lastday.OutcomeAccepted, lastday.OutcomeOffered, lastday.OutcomeDrifted, lastday.OutcomeDelegated, lastday.OutcomeAsked, lastday.OutcomeRefused:
	}
	return r
}
