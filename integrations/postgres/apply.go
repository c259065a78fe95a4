package postgres

import (
	"context"
	"fmt"
	"time"

	"lastday"
)

// job is one change under way, in one transaction.
type job struct {
	change lastday.Change
	down   bool
	pin    pin
	link   *link
	me     self
	role   role
	// supers counts the other superusers that can log in, but for ourselves.
	supers int64
	// backend and transaction are what the server's own log has.
	backend, transaction int64
	// now is the rung that was read before writing.
	now string
	// What the receipt will hold.
	outcome  lastday.Outcome
	note     string
	requests []lastday.Request
	undo     map[string]string
	residue  []lastday.Residue
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

// restoreWith is what giving back needs: what was taken, or else what was
// seen when the change was planned.
func (j *job) restoreWith(key string) string {
	if v, ok := j.change.Undo[key]; ok {
		return v
	}
	return j.change.Grant.Details[key]
}

// mover knows how to read and change one kind of grant.
type mover struct {
	// place says in which database it is changed: its number, 0 for any.
	place func(j *job) (uint32, error)
	// read gives the questions whose answers rung understands.
	read func(j *job) ([]question, error)
	// rung is where it stands, by the last answers.
	rung func(j *job) (string, error)
	// write gives the statements that bring it to change.To. It may refuse.
	write func(j *job) ([]string, error)
	// atOnce says that the statement works at once and not with its transaction.
	atOnce bool
}

func (d *driver) mover(kind string) (mover, bool) {
	switch kind {
	case kindLogin, kindLimit, kindPassword, kindAttribute:
		return d.roleMover(kind), true
	case kindMembership:
		return d.membershipMover(), true
	case kindPrivilege:
		return d.privilegeMover(), true
	case kindDefault:
		return d.defaultMover(), true
	case kindSession:
		return d.sessionMover(), true
	case kindOwnership:
		return d.ownershipMover(), true
	}
	return mover{}, false
}

const opApply = "postgres: apply"

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
	p, err := pinned(opApply, change.Account)
	if err != nil {
		return lastday.Receipt{}, err
	}
	j := &job{change: change, down: down, pin: p}
	if !change.Grant.Direct() {
		j.outcome, j.note = lastday.OutcomeDelegated, "it comes by way of another role, where it must be changed"
		return d.receipt(j), nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := d.run(ctx, m, j); err != nil {
		return lastday.Receipt{}, err
	}
	return d.receipt(j), nil
}

// run opens the right database and makes the change there.
func (d *driver) run(ctx context.Context, m mover, j *job) error {
	oid, err := m.place(j)
	if err != nil {
		return err
	}
	if j.link, err = d.enter(ctx, oid, j.change.Grant.Resource.Labels["database"]); err != nil {
		return err
	}
	if j.link == nil {
		return d.databaseGone(ctx, j)
	}
	defer j.link.close(ctx)
	if err := d.look(ctx, m, j); err != nil || j.outcome != "" {
		return err
	}
	statements, err := m.write(j)
	if err != nil || j.outcome != "" {
		return err
	}
	return d.write(ctx, m, j, statements)
}

// look reads everything afresh and decides whether there is anything to write.
func (d *driver) look(ctx context.Context, m mover, j *job) error {
	var selves []self
	var roles []role
	var ids []trace
	var supers []counted
	questions := []question{
		do("begin"), do(fmt.Sprintf("select pg_advisory_xact_lock(%d, %d)", lockClass, int32(j.pin.oid))), //nolint:gosec // a lock's number may wrap
		d.askSelf(&selves), askRoles(&roles, j.pin), ask(&ids, `select pg_backend_pid()::int8, txid_current()`),
		ask(&supers, `select count(*) from pg_roles where rolsuper and rolcanlogin and rolname <> session_user and oid <> $1::int8::oid`, int64(j.pin.oid)),
	}
	if m.atOnce {
		questions = questions[2:] // what works at once must not hide in a transaction: its view of sessions stands still
	}
	state, err := m.read(j)
	if err != nil {
		return err
	}
	if err := j.link.send(ctx, opApply, append(questions, state...)...); err != nil {
		return err
	}
	if j.me, err = one(opApply, selves); err != nil {
		return err
	}
	if len(ids) == 1 && len(supers) == 1 {
		j.backend, j.transaction, j.supers = ids[0].Backend, ids[0].Transaction, supers[0].N
	}
	if m.atOnce {
		j.transaction = 0
	}
	r, what := judge(j.pin, roles)
	if j.role = r; what != there {
		return j.absent(what)
	}
	return d.settle(m, j)
}

// lockClass is the first half of the advisory lock that keeps two changes of
// one role apart. PostgreSQL fails the second with an internal error otherwise.
const lockClass = 0x6c617374

type trace struct{ Backend, Transaction int64 }

// absent says what becomes of a change of a role that is not there any more.
func (j *job) absent(what fate) error {
	if what == other {
		return j.refuse(notTheSame)
	}
	return j.already("the role is gone")
}

// already says that nothing is left to take, if something shows that it would
// have been seen.
func (j *job) already(why string) error {
	control := j.me.control()
	if !control.Seen {
		return lastday.Errorf(lastday.CodeInvalid, opApply, "%s", control.Evidence)
	}
	if !j.down {
		return j.refuse(why + ": there is nobody to give it back to")
	}
	j.outcome, j.now, j.note = lastday.OutcomeAlready, lastday.None, why+"; "+control.Evidence
	return nil
}

// settle finds the changes that need no write, or must not be made.
func (d *driver) settle(m mover, j *job) error {
	if !j.me.Canary {
		return lastday.Errorf(lastday.CodeInvalid, opApply, "%s", j.me.control().Evidence)
	}
	if j.role.OID == j.me.OID {
		return j.refuse("it is the role that we act as")
	}
	if j.role.OID < builtIn {
		return j.refuse("it is a built-in role")
	}
	var err error
	if j.now, err = m.rung(j); err != nil {
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

// write runs the statements, reads again, and makes it lasting only if what
// was wanted has come about.
func (d *driver) write(ctx context.Context, m mover, j *job, statements []string) error {
	var questions []question
	for _, s := range statements {
		questions = append(questions, do(s))
	}
	if m.atOnce {
		return d.atOnce(ctx, m, j, questions)
	}
	state, err := m.read(j)
	if err != nil {
		return err
	}
	err = j.link.send(ctx, opApply, append(questions, state...)...)
	if codeIs(err, lastday.CodeProtected) {
		return j.refuse("other roles got something through it that would be taken as well: let somebody else give it to them first")
	}
	if err != nil {
		return err // the transaction was not ended: nothing has happened
	}
	if after, err := m.rung(j); err != nil || after != j.change.To {
		return lastday.Errorf(lastday.CodeInvalid, opApply, "the statement was taken and changed nothing, or something else: it was rolled back")
	}
	if err := j.link.send(ctx, opApply, do("commit")); err != nil {
		return lost(err)
	}
	j.did(j.word(), d.now())
	j.outcome = lastday.OutcomeApplied
	return nil
}

// atOnce sends what works at once. Its answer decides.
func (d *driver) atOnce(ctx context.Context, m mover, j *job, questions []question) error {
	state, err := m.read(j)
	if err != nil {
		return err
	}
	if err := j.link.send(ctx, opApply, questions...); err != nil {
		return lost(err)
	}
	if err := j.link.send(ctx, opApply, state...); err != nil { // by itself: a transaction sees the sessions that there were at its first look
		return lost(err)
	}
	after, err := m.rung(j)
	if err != nil {
		return err
	}
	j.did(j.word(), d.now())
	j.outcome = lastday.OutcomeApplied
	if after != j.change.To {
		j.outcome, j.note = lastday.OutcomeAccepted, "the server was told to, and had not done it in time"
	}
	return nil
}

// lost is the error of a write whose end nobody saw. What the server answered
// itself is known.
func lost(err error) error {
	if lastday.CodeOf(err) != lastday.CodeTransient && lastday.CodeOf(err) != lastday.CodeInvalid {
		return err
	}
	return lastday.Wrap(lastday.CodeUnknownOutcome, opApply, "sent, and the answer was lost", err)
}

func (j *job) did(what string, at time.Time) {
	id := fmt.Sprintf("backend %d", j.backend)
	if j.transaction != 0 {
		id += fmt.Sprintf(", transaction %d", j.transaction)
	}
	j.requests = append(j.requests, lastday.Request{What: what, ID: id, At: at})
}

// word is the command in words, without names.
func (j *job) word() string {
	verb := "REVOKE "
	if !j.down {
		verb = "GRANT "
	}
	switch j.change.Grant.Kind {
	case kindMembership, kindPrivilege, kindDefault:
		return verb + j.change.Grant.Kind
	case kindSession:
		return "pg_terminate_backend"
	case kindOwnership:
		return "REASSIGN OWNED"
	}
	return "ALTER ROLE " + j.change.Grant.Kind
}

func (d *driver) receipt(j *job) lastday.Receipt {
	r := lastday.Receipt{
		Change: j.change.ID, Outcome: j.outcome, Before: j.now, Note: j.note, Requests: j.requests,
		DoneAt: d.now(), Undo: j.undo, Residue: j.residue,
	}
	switch j.outcome {
	case lastday.OutcomeApplied, lastday.OutcomeAlready:
		r.Proof = lastday.ProofAcknowledged
	case lastday.OutcomeAccepted, lastday.OutcomeOffered, lastday.OutcomeDrifted, lastday.OutcomeDelegated, lastday.OutcomeAsked, lastday.OutcomeRefused:
	}
	return r
}

// enter opens the database with the number. It is called as it was when the
// change was planned, or else as it is called now. Without an error, nil means
// that there is no such database.
func (d *driver) enter(ctx context.Context, oid uint32, name string) (*link, error) {
	if oid == 0 {
		return d.connect(ctx, opApply, "")
	}
	l, err := d.connectTo(ctx, oid, name)
	if l != nil || (err != nil && !codeIs(err, lastday.CodeNotFound)) {
		return l, err
	}
	var now []named
	first, err := d.connect(ctx, opApply, "")
	if err != nil {
		return nil, err
	}
	defer first.close(ctx)
	if err := first.send(ctx, opApply, ask(&now, `select datname::text from pg_database where oid = $1::int8::oid`, int64(oid))); err != nil || len(now) == 0 {
		return nil, err
	}
	return d.connectTo(ctx, oid, now[0].Name)
}

// connectTo opens the database if it has the number; nil if it has another.
func (d *driver) connectTo(ctx context.Context, oid uint32, name string) (*link, error) {
	if name == "" {
		return nil, nil //nolint:nilnil // no name, no connection: the caller asks for the name
	}
	l, err := d.connect(ctx, opApply, name)
	if err != nil {
		return nil, err
	}
	var here []counted
	if err := l.send(ctx, opApply, ask(&here, `select oid::int8 from pg_database where datname = current_database()`)); err != nil {
		l.close(ctx)
		return nil, err
	}
	if len(here) != 1 || here[0].N != int64(oid) {
		l.close(ctx)
		return nil, nil //nolint:nilnil // another database has the name now: the caller asks for the name
	}
	return l, nil
}

// databaseGone settles a change in a database that was dropped: nothing is left
// in it, once the canary shows that this is the cluster.
func (d *driver) databaseGone(ctx context.Context, j *job) error {
	var selves []self
	l, err := d.connect(ctx, opApply, "")
	if err != nil {
		return err
	}
	defer l.close(ctx)
	if err := l.send(ctx, opApply, d.askSelf(&selves)); err != nil {
		return err
	}
	if j.me, err = one(opApply, selves); err != nil {
		return err
	}
	return j.already("the database is gone")
}
