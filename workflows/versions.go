package workflows

// The changes of the code that histories made before them must not see.
const (
	// versionSettle: an answer waits for the link table before anything is read.
	versionSettle = "an answer waits for the link table"
	// versionUndo: when what an order to cut took by mistake is given back, it is
	// planned again.
	versionUndo = "planned again after an order was undone"
	// versionResume: a new run sends out lanes whose watch the plan in force no
	// longer has.
	versionResume = "lanes go on after a watch that the plan no longer has"
)
