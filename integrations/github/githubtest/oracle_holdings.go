package githubtest

func (w *world) holdings(o *org, id int64) []Entry { return nil }

func (w *world) enterpriseAccess(id int64) []Entry { return nil }
