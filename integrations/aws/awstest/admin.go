package awstest

import (
	"net/http"
	"slices"
	"strings"

	"lastday/integrations/integrationtest"
)

func adminReads() map[string]operation {
	return map[string]operation{
		"sso:ListAccountAssignmentsForPrincipal":                 {do: (*Cloud).listAssignments},
		"sso:ListApplicationAssignmentsForPrincipal":             {do: (*Cloud).listApplications},
		"sso:DescribeApplication":                                {do: (*Cloud).describeApplication},
		"sso:DescribePermissionSet":                              {do: (*Cloud).describePermissionSet},
		"sso:ListManagedPoliciesInPermissionSet":                 {do: (*Cloud).listManagedPolicies},
		"sso:ListCustomerManagedPolicyReferencesInPermissionSet": {do: (*Cloud).listCustomerPolicies},
		"sso:GetInlinePolicyForPermissionSet":                    {do: (*Cloud).getInlinePolicy},
		"sso:DescribeAccountAssignmentDeletionStatus":            {do: orderState("AccountAssignmentDeletionRequestId", "AccountAssignmentDeletionStatus")},
		"sso:DescribeAccountAssignmentCreationStatus":            {do: orderState("AccountAssignmentCreationRequestId", "AccountAssignmentCreationStatus")},
	}
}

func adminWrites() map[string]operation {
	return map[string]operation{
		"sso:DeleteAccountAssignment":     {true, (*Cloud).deleteAssignment},
		"sso:CreateAccountAssignment":     {true, (*Cloud).createAssignment},
		"sso:DeleteApplicationAssignment": {true, (*Cloud).deleteApplicationAssignment},
		"sso:CreateApplicationAssignment": {true, (*Cloud).createApplicationAssignment},
	}
}

// tick lets orders go on: each look takes them one step further.
func (c *Cloud) tick() {
	s := c.books.Center
	for _, j := range s.Jobs {
		if j.Done {
			continue
		}
		j.Looks++
		if j.Looks <= s.Slow {
			continue
		}
		j.Done = true
		switch {
		case s.Fails:
			j.Failed = true
		case j.Delete:
			s.Assignments = slices.DeleteFunc(s.Assignments, func(a Assignment) bool { return a == j.What })
		case !slices.Contains(s.Assignments, j.What):
			s.Assignments = append(s.Assignments, j.What)
		}
	}
}

// instance refuses what is about another instance.
func (r *request) instance() error {
	if r.text("InstanceArn") != r.books.Center.Instance {
		return fail(http.StatusBadRequest, "AccessDeniedException", "the instance is not yours")
	}
	return nil
}

func (c *Cloud) listAssignments(r *request) (Fields, error) {
	c.tick()
	if err := r.instance(); err != nil {
		return nil, err
	}
	s := r.books.Center
	filter, _ := r.in["Filter"].(map[string]any)
	list := []any{}
	for _, a := range s.of(s.Assignments, r.text("PrincipalId"), r.text("PrincipalType")) {
		if want, ok := filter["AccountId"]; ok && want != a.Account {
			continue
		}
		list = append(list, Fields{"AccountId": a.Account, "PermissionSetArn": a.Of, "PrincipalId": a.Principal, "PrincipalType": a.Kind})
	}
	if c.Is(integrationtest.Blind) {
		list = nil
	}
	part, out := c.next(r, list)
	out["AccountAssignments"] = part
	return out, nil
}

func (c *Cloud) listApplications(r *request) (Fields, error) {
	c.tick()
	if err := r.instance(); err != nil {
		return nil, err
	}
	s := r.books.Center
	list := []any{}
	for _, a := range s.of(s.AppAssignments, r.text("PrincipalId"), r.text("PrincipalType")) {
		list = append(list, Fields{"ApplicationArn": a.Of, "PrincipalId": a.Principal, "PrincipalType": a.Kind})
	}
	if c.Is(integrationtest.Blind) {
		list = nil
	}
	part, out := c.next(r, list)
	out["ApplicationAssignments"] = part
	return out, nil
}

func (c *Cloud) describeApplication(r *request) (Fields, error) {
	name := r.books.Center.Applications[r.text("ApplicationArn")]
	if name == "" {
		return nil, gone("APPLICATION")
	}
	return Fields{"ApplicationArn": r.text("ApplicationArn"), "Name": name, "InstanceArn": r.books.Center.Instance, "Status": "ENABLED"}, nil
}

func (c *Cloud) permissionSet(r *request) (*Set, error) {
	if err := r.instance(); err != nil {
		return nil, err
	}
	s := r.books.Center.Sets[r.text("PermissionSetArn")]
	if s == nil {
		return nil, gone("PERMISSION SET")
	}
	return s, nil
}

func (c *Cloud) describePermissionSet(r *request) (Fields, error) {
	s, err := c.permissionSet(r)
	if err != nil {
		return nil, err
	}
	return Fields{"PermissionSet": Fields{"Name": s.Name, "PermissionSetArn": s.ARN, "SessionDuration": s.Duration, "CreatedDate": born().Unix()}}, nil
}

func (c *Cloud) listManagedPolicies(r *request) (Fields, error) {
	s, err := c.permissionSet(r)
	if err != nil {
		return nil, err
	}
	list := []any{}
	for _, arn := range s.Managed {
		list = append(list, Fields{"Arn": arn, "Name": arn[strings.LastIndex(arn, "/")+1:]})
	}
	part, out := c.next(r, list)
	out["AttachedManagedPolicies"] = part
	return out, nil
}

func (c *Cloud) listCustomerPolicies(r *request) (Fields, error) {
	s, err := c.permissionSet(r)
	if err != nil {
		return nil, err
	}
	list := []any{}
	for _, name := range s.Custom {
		list = append(list, Fields{"Name": name, "Path": "/"})
	}
	return Fields{"CustomerManagedPolicyReferences": list}, nil
}

func (c *Cloud) getInlinePolicy(r *request) (Fields, error) {
	s, err := c.permissionSet(r)
	if err != nil {
		return nil, err
	}
	if s.Inline == "" {
		return Fields{}, nil
	}
	return Fields{"InlinePolicy": s.Inline}, nil
}

func (j *Job) fields(id string) Fields {
	status := "IN_PROGRESS"
	switch {
	case j.Failed:
		status = "FAILED"
	case j.Done:
		status = "SUCCEEDED"
	}
	return Fields{
		"Status": status, "RequestId": id, "TargetId": j.What.Account, "TargetType": "AWS_ACCOUNT", "PermissionSetArn": j.What.Of,
		"PrincipalType": j.What.Kind, "PrincipalId": j.What.Principal, "CreatedDate": born().Unix(),
	}
}

func orderState(id, out string) func(c *Cloud, r *request) (Fields, error) {
	return func(c *Cloud, r *request) (Fields, error) {
		c.tick()
		j := c.books.Center.Jobs[r.text(id)]
		if j == nil {
			return nil, gone("REQUEST")
		}
		return Fields{out: j.fields(r.text(id))}, nil
	}
}

func (c *Cloud) order(r *request, del bool) (string, *Job, error) {
	c.tick()
	if _, err := c.permissionSet(r); err != nil {
		return "", nil, err
	}
	s := c.books.Center
	what := Assignment{Principal: r.text("PrincipalId"), Kind: r.text("PrincipalType"), Account: r.text("TargetId"), Of: r.text("PermissionSetArn")}
	if s.People[what.Principal] == nil {
		return "", nil, gone("PRINCIPAL")
	}
	for _, j := range s.Jobs {
		if !j.Done && j.What == what {
			return "", nil, fail(http.StatusBadRequest, "ConflictException", "an operation on the assignment is in progress")
		}
	}
	id := s.UUID()
	s.Jobs[id] = &Job{Delete: del, What: what}
	return id, s.Jobs[id], nil
}

func (c *Cloud) deleteAssignment(r *request) (Fields, error) {
	id, j, err := c.order(r, true)
	if err != nil {
		return nil, err
	}
	return Fields{"AccountAssignmentDeletionStatus": j.fields(id)}, nil
}

func (c *Cloud) createAssignment(r *request) (Fields, error) {
	id, j, err := c.order(r, false)
	if err != nil {
		return nil, err
	}
	return Fields{"AccountAssignmentCreationStatus": j.fields(id)}, nil
}

func (r *request) application() Assignment {
	return Assignment{Principal: r.text("PrincipalId"), Kind: r.text("PrincipalType"), Of: r.text("ApplicationArn")}
}

func (c *Cloud) deleteApplicationAssignment(r *request) (Fields, error) {
	s := r.books.Center
	if !slices.Contains(s.AppAssignments, r.application()) {
		return nil, gone("ASSIGNMENT")
	}
	s.AppAssignments = slices.DeleteFunc(s.AppAssignments, func(a Assignment) bool { return a == r.application() })
	return Fields{}, nil
}

func (c *Cloud) createApplicationAssignment(r *request) (Fields, error) {
	s := r.books.Center
	if s.Applications[r.text("ApplicationArn")] == "" || s.People[r.text("PrincipalId")] == nil {
		return nil, gone("APPLICATION or PRINCIPAL")
	}
	if !slices.Contains(s.AppAssignments, r.application()) {
		s.AppAssignments = append(s.AppAssignments, r.application())
	}
	return Fields{}, nil
}
