package githubtest

import "time"

// credential is a SAML authorization of a person's personal access token or SSH key.
type credential struct {
	ID         int64
	User       int64
	Type       string // "personal access token", "SSH key"
	LastEight  string
	Print      string // fingerprint of an SSH key
	Scopes     []string
	Token      string // value of the token it authorizes, or empty
	Note       string
	Authorized time.Time
	Used       time.Time
}

// patGrant is a fine-grained token approved for the organization, or the request for it.
type patGrant struct {
	ID        int64
	User      int64
	TokenID   int64
	TokenName string
	Token     string // value of the token, or empty
	Selection string // none, all, subset
	Repos     []int64
	OrgPerms  map[string]string
	RepoPerms map[string]string
	Reason    string
	Created   time.Time
	Expires   time.Time
	Used      time.Time
}

// orgRole is an organization role, predefined or custom; also used for the roles of an enterprise.
type orgRole struct {
	ID      int64
	Name    string
	About   string
	Base    string // repository role on every repository: read, triage, write, maintain, admin, or empty
	Perms   []string
	Source  string // Predefined, Organization, Enterprise
	Users   map[int64]bool
	Teams   map[int64]bool
	Created time.Time
}

type repoRole struct {
	ID      int64
	Name    string
	About   string
	Base    string // read, triage, write, maintain
	Perms   []string
	Created time.Time
}

type hook struct {
	ID      int64
	URL     string
	Active  bool
	Events  []string
	Owner   int64 // whose endpoint it is: GitHub does not know, the oracle does
	Created time.Time
	Updated time.Time
}

type runner struct {
	ID     int64
	Name   string
	OS     string
	Online bool
	Busy   bool
	Labels []string
	Owner  int64 // whose machine it is: GitHub does not know, the oracle does
}

type secret struct {
	Name    string
	Created time.Time
}

type codespace struct {
	ID      int64
	Name    string
	User    int64
	Repo    int64
	State   string // Available, Shutdown
	Created time.Time
	Used    time.Time
}

type seat struct {
	User    int64
	Team    int64 // assigning team, or 0
	Created time.Time
	Ends    time.Time // pending cancellation, zero if none
	Active  time.Time
}

type ruleset struct {
	ID          int64
	Name        string
	Target      string
	Enforcement string
	Bypass      []bypassActor
	Rules       []ruleSpec
	Include     []string
	Created     time.Time
	Updated     time.Time
}

// bypassActor has a pointer for its id because GitHub sends null for the actor types that have none.
type bypassActor struct {
	ActorID *int64 `json:"actor_id"`
	Type    string `json:"actor_type"`
	Mode    string `json:"bypass_mode"`
}

type ruleSpec struct {
	Type       string         `json:"type"`
	Parameters map[string]any `json:"parameters,omitempty"`
}

type environment struct {
	ID         int64
	Name       string
	Wait       int
	SelfReview bool // prevent self-review
	Reviewers  []reviewer
	Policy     *branchPolicy
	Created    time.Time
	Updated    time.Time
}

type reviewer struct {
	Type string `json:"type"` // User, Team
	ID   int64  `json:"id"`
}

type branchPolicy struct {
	Protected bool `json:"protected_branches"`
	Custom    bool `json:"custom_branch_policies"`
}

// protection is classic branch protection, as far as it names people and teams.
type protection struct {
	Branch     string
	Admins     bool
	Restricts  bool
	Push       actors
	Reviews    bool
	Dismissal  actors
	Dismisses  bool
	Bypass     actors
	Approvals  int
	CodeOwners bool
	Stale      bool
}

type actors struct {
	Users []int64
	Teams []int64
}

type fork struct {
	ID      int64
	User    int64
	Name    string
	Private bool
	Created time.Time
}

type deployKey struct {
	ID       int64
	Title    string
	Key      string
	ReadOnly bool
	AddedBy  int64
	Used     time.Time
	Created  time.Time
}

type scimUser struct {
	ID         string
	User       int64 // linked account, or 0
	UserName   string
	ExternalID string
	Given      string
	Family     string
	Email      string
	Active     bool
	Created    time.Time
	Modified   time.Time
}

type externalGroup struct {
	ID      int64
	Name    string
	Updated time.Time
}
