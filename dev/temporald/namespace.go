package temporald

import (
	"context"
	"fmt"
	"maps"

	"go.temporal.io/api/namespace/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/server/common/config"
	sqliteschema "go.temporal.io/server/schema/sqlite"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"
)

// createNamespaces writes the namespaces that do not exist yet straight into the database, so that they are usable, and
// have the right retention, from the first call on.
func createNamespaces(o Options, database *config.SQL) error {
	for _, name := range o.Namespaces {
		ns, err := sqliteschema.NewNamespaceConfig(clusterName, name, false, o.SearchAttributes)
		if err != nil {
			return fmt.Errorf("namespace %s: %w", name, err)
		}
		ns.Detail.Config.Retention = durationpb.New(o.Retention)
		if err := sqliteschema.CreateNamespaces(database, ns); err != nil {
			return fmt.Errorf("namespace %s: create: %w", name, err)
		}
	}
	return nil
}

// settleNamespaces brings namespaces that existed before to the wanted retention and search attributes.
func settleNamespaces(ctx context.Context, conn *grpc.ClientConn, o Options) error {
	for _, name := range o.Namespaces {
		if err := settleRetention(ctx, workflowservice.NewWorkflowServiceClient(conn), name, o); err != nil {
			return fmt.Errorf("namespace %s: retention: %w", name, err)
		}
		if err := settleAttributes(ctx, operatorservice.NewOperatorServiceClient(conn), name, o); err != nil {
			return fmt.Errorf("namespace %s: search attributes: %w", name, err)
		}
	}
	return nil
}

func settleRetention(ctx context.Context, client workflowservice.WorkflowServiceClient, name string, o Options) error {
	is, err := client.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: name})
	if err != nil {
		return err
	}
	if is.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration() == o.Retention {
		return nil
	}
	_, err = client.UpdateNamespace(ctx, &workflowservice.UpdateNamespaceRequest{
		Namespace: name,
		Config:    &namespace.NamespaceConfig{WorkflowExecutionRetentionTtl: durationpb.New(o.Retention)},
	})
	return err
}

// settleAttributes compares first: registering a name again with another type is no error to the server.
func settleAttributes(ctx context.Context, client operatorservice.OperatorServiceClient, name string, o Options) error {
	if len(o.SearchAttributes) == 0 {
		return nil
	}
	is, err := client.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: name})
	if err != nil {
		return err
	}
	missing := &operatorservice.AddSearchAttributesRequest{Namespace: name, SearchAttributes: maps.Clone(o.SearchAttributes)}
	for attribute, kind := range is.GetCustomAttributes() {
		if want, ok := o.SearchAttributes[attribute]; ok && want != kind {
			return fmt.Errorf("%s is a %s, not a %s", attribute, kind, want)
		}
		delete(missing.SearchAttributes, attribute)
	}
	if len(missing.SearchAttributes) == 0 {
		return nil
	}
	_, err = client.AddSearchAttributes(ctx, missing)
	return err
}
