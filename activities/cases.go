package activities

import (
	"context"
	"slices"
	"time"

	"go.temporal.io/sdk/activity"

	"lastday"
	"lastday/plan"
)

// HR re-reads what HR says now.
type HR interface {
	// Read asks the named source about one engagement. CodeUnsupported: the
	// source cannot be asked.
	Read(ctx context.Context, source, personKey, engagementID string) (lastday.Separation, error)
}

// Messenger talks to other workflows.
type Messenger interface {
	// Announce hands an event to its case and starts the case if there is none.
	// The same delivery twice does no harm.
	Announce(ctx context.Context, d lastday.Delivery) (caseID string, err error)
	// Enter asks the gate whether one more leaver is still usual.
	Enter(ctx context.Context, in EnterInput) (EnterOutput, error)
}

// Teller tells people.
type Teller interface {
	Tell(ctx context.Context, n Notice) error
}

// Notice is something a person should know. It names nobody but by key.
type Notice struct {
	// ID is the same for the same notice, however often it is sent.
	ID     string    `json:"id"`
	Case   string    `json:"case"`
	System string    `json:"system,omitempty"`
	Stage  string    `json:"stage,omitempty"`
	Kind   string    `json:"kind"`
	Text   string    `json:"text"`
	Urgent bool      `json:"urgent,omitempty"`
	At     time.Time `json:"at"`
}

// Settings are what a case must know of the configuration. They are read again
// before each plan and each stage, so that a system that was connected while a
// case slept is covered.
type Settings struct {
	Systems []SystemSetting `json:"systems"`
	// GateLimit is how many leavers in 24 hours are usual; more are held.
	GateLimit int `json:"gateLimit"`
	// Recording says that every fact of a case is kept as a record.
	Recording bool `json:"recording,omitempty"`
	// Sealing says that bundles are made.
	Sealing bool `json:"sealing,omitempty"`
	// Linking says that there is a link table, and Links are the accounts that it
	// knows of the person. LinkTrouble says why it could not be asked.
	Linking     bool          `json:"linking,omitempty"`
	Links       []AccountLink `json:"links,omitempty"`
	LinkTrouble *Trouble      `json:"linkTrouble,omitempty"`
}

// SystemSetting names a system and the queue that serves it.
type SystemSetting struct {
	Name  string `json:"name"`
	Queue string `json:"queue"`
	// Manual says that changes there are asked of people.
	Manual bool `json:"manual,omitempty"`
}

// Recorder keeps records for good.
type Recorder interface {
	// Append writes the records in their order, all or none. Records that are there
	// already are left as they are. CodeInvalid: a record is missing before them,
	// or another one stands in the place of one of them.
	Append(ctx context.Context, records []lastday.Record) error
	// LastSeq is the number of the last record of a case, 0 if it has none.
	LastSeq(ctx context.Context, caseID string) (int, error)
}

// Sealer makes the bundle of a case.
type Sealer interface {
	// Seal makes a bundle. CodeTransient: a final one is wanted, and the case has
	// not closed yet.
	Seal(ctx context.Context, in SealInput) (SealOutput, error)
}

// SealInput says which bundle is wanted.
type SealInput struct {
	Case string `json:"case"`
	// Cause is the stage after which it is made, or "closed".
	Cause string `json:"cause"`
	// Final says that the case has come to its end.
	Final bool `json:"final,omitempty"`
}

// SealOutput says which bundle was made.
type SealOutput struct {
	// Bundle is the name of the file in the folder of bundles.
	Bundle string `json:"bundle"`
	// Records and Runs count what is in it; Bytes is its size.
	Records int   `json:"records"`
	Runs    int   `json:"runs"`
	Bytes   int64 `json:"bytes"`
	// Size and Root are the checkpoint that it rests on.
	Size int64  `json:"size"`
	Root string `json:"root"`
}

// Cases are the activities that need no far side: planning, judging, asking HR
// and telling people.
type Cases struct {
	Policies  []plan.Policy
	Protected plan.Protected
	MinOwners int
	Settings  Settings
	HR        HR
	Messenger Messenger
	Teller    Teller
	// Recorder keeps the records of cases; nil keeps none.
	Recorder Recorder
	// Sealer makes bundles; nil makes none.
	Sealer Sealer
	// Links knows which accounts are whose; nil knows none.
	Links LinkTable
}

// Configure tells a case what it must know of the configuration, and which
// accounts are known to be the person's.
func (c *Cases) Configure(ctx context.Context, in ConfigureInput) (Settings, error) {
	settings := c.Settings
	settings.Recording = c.Recorder != nil
	settings.Sealing = c.Sealer != nil
	return withLinks(ctx, c.Links, in.Person, settings), nil
}

// RecordInput is a batch of records in their order.
type RecordInput struct {
	Records []lastday.Record `json:"records"`
}

// RecordOutput says up to where the records of the case are kept.
type RecordOutput struct {
	Last int `json:"last"`
	// Taken says that nothing was written: the numbers are those of other records,
	// made by an earlier run that this one does not know. Last is the last of them.
	Taken bool `json:"taken,omitempty"`
}

// Record keeps records for good. Writing the same ones twice does no harm.
func (c *Cases) Record(ctx context.Context, in RecordInput) (RecordOutput, error) {
	if c.Recorder == nil || len(in.Records) == 0 {
		return RecordOutput{}, Failure(lastday.Errorf(lastday.CodeInvalid, "record", "this worker keeps no records: name `records` in its configuration"))
	}
	err := c.Recorder.Append(ctx, in.Records)
	if lastday.CodeOf(err) == lastday.CodeInvalid {
		return c.taken(ctx, in.Records[0], err)
	}
	if err != nil {
		return RecordOutput{}, Failure(err)
	}
	return RecordOutput{Last: in.Records[len(in.Records)-1].Seq}, nil
}

// PlanInput asks for the whole plan of a case.
type PlanInput struct {
	Case        string              `json:"case"`
	Separation  lastday.Separation  `json:"separation"`
	Inventories []lastday.Inventory `json:"inventories,omitempty"`
	Unread      []lastday.Gap       `json:"unread,omitempty"`
	Now         time.Time           `json:"now"`
	Reached     []string            `json:"reached,omitempty"`
	CutNow      bool                `json:"cutNow,omitempty"`
	// PolicyName and PolicyText are the frozen policy of a case that has one;
	// empty chooses by the separation.
	PolicyName string `json:"policyName,omitempty"`
	PolicyText []byte `json:"policyText,omitempty"`
}

// PlanOutput is the sealed plan and the policy that it was made by.
type PlanOutput struct {
	Plan       lastday.Plan `json:"plan"`
	PolicyName string       `json:"policyName"`
	PolicyText []byte       `json:"policyText"`
}

// Plan computes and seals the plan of a case. It changes nothing.
func (c *Cases) Plan(_ context.Context, in PlanInput) (PlanOutput, error) {
	out, err := MakePlan(c, in)
	return out, Failure(err)
}

// MakePlan is Plan for callers outside of Temporal: its errors are ours.
func MakePlan(c *Cases, in PlanInput) (PlanOutput, error) {
	policy, err := c.policy(in.PolicyName, in.PolicyText, in.Separation)
	if err != nil {
		return PlanOutput{}, err
	}
	made, err := plan.Build(policy, plan.Input{
		Case: in.Case, Separation: in.Separation, Inventories: in.Inventories, Now: in.Now,
		Reached: in.Reached, CutNow: in.CutNow, Protected: c.Protected, MinOwners: c.MinOwners,
	})
	if err != nil {
		return PlanOutput{}, err
	}
	made.Gaps = append(made.Gaps, in.Unread...)
	made, err = made.Seal()
	return PlanOutput{Plan: made, PolicyName: policy.Name(), PolicyText: policy.Text()}, err
}

func (c *Cases) policy(name string, text []byte, s lastday.Separation) (plan.Policy, error) {
	if len(text) > 0 {
		return plan.Parse(name, text)
	}
	return plan.Choose(c.Policies, s)
}

// taken finds out whether a refusal is only about the numbers: a case that is
// opened again, or was reset, begins to count before where the records ended.
func (c *Cases) taken(ctx context.Context, first lastday.Record, refusal error) (RecordOutput, error) {
	last, err := c.Recorder.LastSeq(ctx, first.Case)
	if err != nil {
		return RecordOutput{}, Failure(err)
	}
	if last < first.Seq {
		return RecordOutput{}, Failure(refusal)
	}
	return RecordOutput{Last: last, Taken: true}, nil
}

// Seal makes the bundle of a case.
func (c *Cases) Seal(ctx context.Context, in SealInput) (SealOutput, error) {
	if c.Sealer == nil {
		return SealOutput{}, Failure(lastday.Errorf(lastday.CodeUnsupported, "seal", "this worker makes no bundles"))
	}
	out, err := c.Sealer.Seal(ctx, in)
	return out, Failure(err)
}

// JudgeInput asks what one system still grants above the ceiling of a stage.
type JudgeInput struct {
	Question   plan.Question `json:"question"`
	PolicyName string        `json:"policyName"`
	PolicyText []byte        `json:"policyText"`
	// Ordered are the changes that are to be graded by this inventory, with the
	// receipts that are there for them.
	Ordered []plan.Taken `json:"ordered,omitempty"`
	// Waived are the gaps that a person answered for. They are not in the
	// question's inventory, and still nothing behind them was observed.
	Waived []lastday.Gap `json:"waived,omitempty"`
}

// JudgeOutput is the judgement, and the receipts as they are now graded.
type JudgeOutput struct {
	Judgement plan.Judgement    `json:"judgement"`
	Receipts  []lastday.Receipt `json:"receipts,omitempty"`
	// Approvals is how many different people must approve before this account is
	// touched, because it is protected; zero if nobody need.
	Approvals int `json:"approvals,omitempty"`
}

// Judge compares an inventory with the ceiling of a stage and grades what was
// ordered before it was read.
func (c *Cases) Judge(_ context.Context, in JudgeInput) (JudgeOutput, error) {
	policy, err := plan.Parse(in.PolicyName, in.PolicyText)
	if err != nil {
		return JudgeOutput{}, Failure(err)
	}
	in.Question.MinOwners = c.MinOwners
	judgement, err := plan.Judge(policy, in.Question)
	if err != nil {
		return JudgeOutput{}, Failure(err)
	}
	raw := in.Question.Inventory
	raw.Gaps = append(slices.Clone(raw.Gaps), in.Waived...)
	return JudgeOutput{
		Judgement: judgement, Receipts: gradeOrdered(in.Ordered, raw), Approvals: c.approvals(policy, in.Question),
	}, nil
}

// approvals guards what a plan cannot know that was made before the system was
// read: that the account is a protected one.
func (c *Cases) approvals(policy plan.Policy, q plan.Question) int {
	match := q.Inventory.Match
	if match.Verdict != lastday.FoundOne || !slices.Contains(c.Protected.Accounts[lastday.SystemOf(q.Inventory.System)], match.Account.ID) {
		return 0
	}
	return policy.Approvals()
}

// RestoreInput asks how to give back what was taken in one system.
type RestoreInput struct {
	Case      string            `json:"case"`
	Taken     []plan.Taken      `json:"taken"`
	Inventory lastday.Inventory `json:"inventory"`
	Now       time.Time         `json:"now"`
	// Ordered are restoring changes already ordered, to be graded.
	Ordered []plan.Taken `json:"ordered,omitempty"`
}

// RestoreOutput is the way back, and the receipts as they are now graded.
type RestoreOutput struct {
	Return   plan.Return       `json:"return"`
	Receipts []lastday.Receipt `json:"receipts,omitempty"`
}

// Restore merges what was before, what we took and what is now. It changes nothing.
func (c *Cases) Restore(_ context.Context, in RestoreInput) (RestoreOutput, error) {
	back, err := plan.Restore(in.Case, in.Taken, in.Inventory, in.Now)
	if err != nil {
		return RestoreOutput{}, Failure(err)
	}
	return RestoreOutput{Return: back, Receipts: gradeOrdered(in.Ordered, in.Inventory)}, nil
}

// AskHRInput names the engagement to re-read.
type AskHRInput struct {
	Source     string `json:"source"`
	Person     string `json:"person"`
	Engagement string `json:"engagement"`
}

// AskHR re-reads what HR says now about an engagement.
func (c *Cases) AskHR(ctx context.Context, in AskHRInput) (lastday.Separation, error) {
	s, err := c.HR.Read(ctx, in.Source, in.Person, in.Engagement)
	return s, Failure(err)
}

// Tell tells people. It is retried until it is delivered.
func (c *Cases) Tell(ctx context.Context, n Notice) error {
	n.At = activity.GetInfo(ctx).StartedTime
	return Failure(c.Teller.Tell(ctx, n))
}

// HandOver gives a delivery to its case.
func (c *Cases) HandOver(ctx context.Context, d lastday.Delivery) (string, error) {
	id, err := c.Messenger.Announce(ctx, d)
	return id, Failure(err)
}

// EnterInput is a leaver at the gate.
type EnterInput struct {
	Case  string `json:"case"`
	Limit int    `json:"limit"`
}

// EnterOutput says whether the leaver may pass.
type EnterOutput struct {
	Pass bool `json:"pass"`
	// Count is how many leavers entered in the last 24 hours, this one included.
	Count int `json:"count"`
}

// Enter asks the gate whether one more leaver is still usual.
func (c *Cases) Enter(ctx context.Context, in EnterInput) (EnterOutput, error) {
	out, err := c.Messenger.Enter(ctx, in)
	return out, Failure(err)
}
