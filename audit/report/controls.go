package report

import (
	"fmt"
	"strings"

	"lastday/audit/story"
)

// control is one requirement of a framework, and what the record has to say to it.
type control struct {
	Framework string
	Ref       string
	Asks      string
	// Here is what of this record supports it, Not what the record cannot show.
	Here string
	Not  string
}

// tally are the numbers that the mapping quotes.
type tally struct {
	accesses, gone, attested, waived, systems, shown int
	credentials, credentialsGone                     int
	exceptions, open                                 int
}

func tallyOf(cases []story.Case) tally {
	var t tally
	for _, c := range cases {
		t.accesses += c.Total()
		t.gone += c.Accesses(story.Gone, story.Powerless)
		t.attested += c.Accesses(story.Attested)
		t.waived += c.Accesses(story.Waived)
		t.systems += c.Clocks.Systems
		t.shown += c.Clocks.Shown
		t.exceptions += len(c.Exceptions)
		for _, r := range c.Residue {
			if r.Open(c.AsOf) {
				t.open++
			}
		}
		t.countCredentials(c)
	}
	return t
}

func (t *tally) countCredentials(c story.Case) {
	for _, s := range c.Systems {
		for _, a := range s.Accesses {
			if !credential(a.Kind) {
				continue
			}
			t.credentials++
			if a.Standing == story.Gone || a.Standing == story.Powerless {
				t.credentialsGone++
			}
		}
	}
}

func (t tally) goneOf() string {
	return fmt.Sprintf("%d of %s read back gone (table of accesses)", t.gone, plural(t.accesses, "access"))
}

func (t tally) words() string {
	return fmt.Sprintf("%d attested, %d waived, with name, reason and time (exceptions)", t.attested, t.waived)
}

// controls maps requirements to the parts of a record. It paraphrases them: the
// frameworks' own texts are what counts.
func controls(t tally) []control {
	return append(commercial(t), public(t)...)
}

func commercial(t tally) []control {
	return []control{
		{
			"SOC 2", "CC6.2", "Credentials are removed when access is no longer authorized.", t.goneOf() + "; " + t.words() + ".",
			"Whether every leaver became a case: that is shown by the population of the period.",
		},
		{
			"SOC 2", "CC6.3", "Access is authorized, changed and removed with least privilege in mind.",
			"The glide path: ceilings that only fall, and what was seen under them (staircase); the approvals and orders of people.",
			"Whether the access was rightly granted in the first place.",
		},
		{
			"ISO/IEC 27001:2022", "A.5.18", "Access rights are provisioned, reviewed, changed and removed by rule.",
			"Policy and plan by digest, the rule behind each change, removal with its time; " + t.goneOf() + ".", "Reviews of people who stay.",
		},
		{
			"ISO/IEC 27001:2022", "A.5.11", "Assets are given back at the end of employment.",
			"Assets that a system or a hand-made list knows stand among the accesses, as attested.", "Assets that no connected list names.",
		},
		{
			"ISO/IEC 27001:2022", "A.6.5", "Responsibilities after the end of employment are defined, enforced and told.",
			"The watch after the cut, residue with its owner, tasks with owner and deadline.", "What the person signed, and was told.",
		},
		{
			"PCI DSS 4.0.1", "8.2.5", "Access of terminated users is revoked at once.",
			fmt.Sprintf("%d of %s read back empty at the cut; the minutes against the deadline for each access.", t.shown, plural(t.systems, "system")),
			"Accounts in systems that are not connected; compare the lists of enabled accounts in the population.",
		},
	}
}

func public(t tally) []control {
	return []control{
		{
			"NIST SP 800-53 r5", "PS-4", "On termination: disable access in time, revoke authenticators and credentials, keep access to the organization's information.",
			fmt.Sprintf("%d of %s (tokens, keys, sessions and the like) read back gone; times against the cut.", t.credentialsGone, plural(t.credentials, "credential")),
			"Exit interviews; who took over the person's files, unless a change of ownership is listed.",
		},
		{
			"NIST SP 800-53 r5", "PS-7", "Providers tell of terminations of their people in time.",
			"For contractors: when the news was entered, when it came, how much notice it gave (clocks).", "What the contract with the provider says.",
		},
		{
			"NIST SP 800-53 r5", "AC-2(3)", "Accounts that are no longer associated with anybody are disabled in time.",
			t.goneOf() + "; the looks of the watch after the cut.", "Orphaned accounts that nobody links to a person.",
		},
		{
			"NIST SP 800-53 r5", "AC-2(13)", "Accounts of individuals at high risk are disabled within minutes of discovery.",
			"Orders to cut at once, with who gave them, and the time until they were verified (messages, clocks).", "How the risk was found.",
		},
		{
			"NIST SP 800-53 r5", "AC-2 k", "Shared authenticators are changed when a member of the group leaves.",
			fmt.Sprintf("Shared secrets that the person could know stand as residue; %d still open.", t.open), "Shared passwords that no connected system lists.",
		},
		{
			"HIPAA", "164.308(a)(3)(ii)(C)", "Procedures end access to ePHI when employment ends.",
			"The procedure is the policy (by digest); this record shows that it was followed, or by whom and why it was not.", "Which of the systems hold ePHI.",
		},
	}
}

// credential says whether a grant of that kind is something to sign in with.
func credential(kind string) bool {
	for _, word := range []string{"token", "key", "session", "password", "credential", "certificate", "secret", "login"} {
		if strings.Contains(strings.ToLower(kind), word) {
			return true
		}
	}
	return false
}
