package awstest

// Center is an instance of IAM Identity Center.
type Center struct{}

func newCenter() *Center { return &Center{} }

func storeOperations() map[string]operation { return nil }
func adminReads() map[string]operation      { return nil }
func adminWrites() map[string]operation     { return nil }
