package github

import (
	"context"

	"lastday"
)

// job is one change under way.
type job struct {
	change lastday.Change
	who    who
	// now is the rung that was read before writing; empty if nothing was read,
	// because the write itself tells.
	now string
	// repo is the name of now of the repository that the change is about.
	repo string
	// What was read before writing, where the write must send it back whole.
	environment environment
	protection  protection
	lists       []string // of the protection, that name the person
	ruleset     ruleset
	// What the receipt will hold.
	outcome  lastday.Outcome
	note     string
	requests []lastday.Request
	undo     map[string]string
	residue  []lastday.Residue
}

func (j *job) did(a answer) { j.requests = append(j.requests, a.request) }

func (j *job) keep(key, value string) {
	if j.undo == nil {
		j.undo = map[string]string{}
	}
	j.undo[key] = value
}

// refuse ends the job without an error: only a person can decide.
func (j *job) refuse(note string) error {
	j.outcome, j.note = lastday.OutcomeRefused, note
	return nil
}

// resource is what the change is about.
func (j *job) resource() lastday.Resource { return j.change.Grant.Resource }

// mover knows how to read and change one kind of grant.
type mover struct {
	// read gives the rung of now, by id and afresh; nil where the write itself
	// tells whether there was anything.
	read func(context.Context, *job) (string, error)
	// write brings it to the rung change.To.
	write func(context.Context, *job) error
	// recall stands in for read where the grant was listed a moment ago and the
	// change cannot raise or invite. It takes from the grant what write needs and
	// says whether that is all; nil where every write needs a look of its own.
	recall func(*job, lastday.Grant) bool
}

// plainly is for grants of which nothing but the rung is needed.
func plainly(*job, lastday.Grant) bool { return true }

func (d *driver) mover(kind string) (mover, bool) {
	switch kind {
	case kindMember:
		return mover{d.readMemberRung, d.writeMember, plainly}, true
	case kindTeam:
		return mover{d.readTeamRung, d.writeTeam, recallTeam}, true
	case kindRepo:
		return mover{d.readRepoRung, d.writeRepo, recallRepo}, true
	}
	for _, some := range []map[string]mover{
		d.credentialMovers(), d.inviteMovers(), d.roleMovers(), d.guardMovers(), d.seatMovers(), d.enterpriseMovers(),
	} {
		if m, ok := some[kind]; ok {
			return m, true
		}
	}
	return mover{}, false
}

// Apply brings one grant to one rung.
func (d *driver) Apply(ctx context.Context, change lastday.Change) (lastday.Receipt, error) {
	m, ok := d.mover(change.Grant.Kind)
	if !ok {
		return lastday.Receipt{}, lastday.Errorf(lastday.CodeUnsupported, "apply", "nothing here can change %q", change.Grant.Kind)
	}
	down, err := change.Down()
	if err != nil {
		return lastday.Receipt{}, lastday.Wrap(lastday.CodeInvalid, "apply", "ladder", err)
	}
	j := &job{change: change}
	if done, err := d.prepare(ctx, j); done || err != nil {
		return d.receipt(j), err
	}
	if err := d.before(ctx, m, j, down); err != nil {
		return lastday.Receipt{}, err
	}
	if j.outcome != "" {
		return d.receipt(j), nil
	}
	return d.write(ctx, m, j, down)
}

// before finds out where the grant stands, and whether that settles the change.
func (d *driver) before(ctx context.Context, m mover, j *job, down bool) error {
	if m.read == nil || d.recalled(m, j, down) {
		return nil
	}
	var err error
	j.now, err = m.read(ctx, j)
	if codeIs(err, lastday.CodeNotFound) && down {
		j.now, err = lastday.None, d.alreadyGone(ctx, j, err)
	}
	if err == nil && j.outcome == "" {
		j.outcome = settled(j.change, j.now, down)
	}
	return err
}

// recalled says that nothing need be read: the grant was listed a moment ago,
// and what is to be done takes it away or does nothing. Whatever is done, the
// sighting is used up.
func (d *driver) recalled(m mover, j *job, down bool) bool {
	saw, ok := d.seen.take(j.who, j.change.Grant.Key)
	if !ok || !down || m.recall == nil || settled(j.change, saw.Rung, down) != "" {
		return false
	}
	takes := j.change.To == lastday.None || j.change.Grant.Kind == kindCodespace // stopping one cannot raise
	if !takes || !m.recall(j, saw) {
		return false
	}
	j.now = saw.Rung
	return true
}

// write makes the change. That the thing is gone is what a downward change
// wanted, once something shows that we would see it if it were there.
func (d *driver) write(ctx context.Context, m mover, j *job, down bool) (lastday.Receipt, error) {
	err := m.write(ctx, j)
	d.mail.drop()
	if isAccepted(err) {
		j.outcome, err = lastday.OutcomeAccepted, nil
	}
	if codeIs(err, lastday.CodeNotFound) && down {
		err = d.alreadyGone(ctx, j, err)
	}
	if err != nil {
		return lastday.Receipt{}, err
	}
	if j.outcome == "" {
		j.outcome = lastday.OutcomeApplied
	}
	return d.receipt(j), nil
}

func (d *driver) alreadyGone(ctx context.Context, j *job, missing error) error {
	control, err := d.control(ctx)
	if err != nil {
		return err
	}
	if !control.Seen {
		return missing
	}
	j.outcome = lastday.OutcomeAlready
	j.note = "it was gone before; " + control.Evidence
	return nil
}

// prepare pins the account, and tells whether that settles the change.
func (d *driver) prepare(ctx context.Context, j *job) (bool, error) {
	if j.change.Grant.ManagedBy != "" {
		j.outcome, j.note = lastday.OutcomeDelegated, "managed by "+j.change.Grant.ManagedBy
		return true, nil
	}
	if len(j.change.Grant.Via) > 0 {
		return true, j.refuse("it comes by way of another grant, which must be changed instead")
	}
	if own, err := d.isOwn(ctx, j.change.Account); own || err != nil {
		return true, errorOr(err, j.refuse("it is the account we act as"))
	}
	var err error
	if j.who, err = d.resolve(ctx, j.change.Account); err != nil {
		return true, err
	}
	if !j.who.gone {
		return false, unnamed(j)
	}
	return true, d.alreadyGone(ctx, j, lastday.Errorf(lastday.CodeNotFound, "apply", "no account with the pinned id, and nothing shows that we would see one"))
}

// unnamed refuses to go on without a login where one is needed: GitHub takes an
// empty one for ourselves.
func unnamed(j *job) error {
	if j.who.login == "" && j.change.Grant.Kind != kindInvite {
		return lastday.Errorf(lastday.CodeInvalid, "apply", "somebody without an account has invitations alone")
	}
	return nil
}

func errorOr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

func (d *driver) isOwn(ctx context.Context, account lastday.Account) (bool, error) {
	me, err := d.whoAmI(ctx)
	return err == nil && me.id != 0 && account.ID == itoa(me.id), err
}

// settled says what becomes of a change that needs no write; empty if it does.
func settled(change lastday.Change, now string, down bool) lastday.Outcome {
	cmp, err := change.Grant.Ladder.Compare(now, change.To)
	switch {
	case err == nil && cmp == 0:
		return lastday.OutcomeAlready
	case down && err == nil && cmp < 0:
		return lastday.OutcomeAlready
	case !down && now != change.From:
		return lastday.OutcomeDrifted
	}
	return ""
}

func (d *driver) receipt(j *job) lastday.Receipt {
	r := lastday.Receipt{
		Change: j.change.ID, Outcome: j.outcome, Before: j.now, Note: j.note, Requests: j.requests,
		DoneAt: d.now(), Undo: j.undo, Residue: j.residue,
	}
	switch j.outcome {
	case lastday.OutcomeApplied, lastday.OutcomeAlready, lastday.OutcomeAccepted, lastday.OutcomeOffered:
		r.Proof = lastday.ProofAcknowledged
	case lastday.OutcomeDrifted, lastday.OutcomeDelegated, lastday.OutcomeAsked, lastday.OutcomeRefused:
	}
	if r.Outcome == lastday.OutcomeAccepted {
		r.Proof = lastday.ProofNone
	}
	return r
}
