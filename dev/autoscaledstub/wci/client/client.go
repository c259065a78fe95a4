// Package client answers the server's questions about auto-scaled workers with "there are none".
package client

import (
	"context"

	deploymentpb "go.temporal.io/api/deployment/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/auto-scaled-workers/wci/workflow/iface"
	"go.temporal.io/server/common/namespace"
	"go.uber.org/fx"
)

// Client is what the server's worker deployments ask of the component.
type Client interface {
	// DescribeWorkerControllerInstance returns the state of a version and its conflict token, or NotFound.
	DescribeWorkerControllerInstance(ctx context.Context, ns *namespace.Namespace,
		version *deploymentpb.WorkerDeploymentVersion) (*iface.DescribeResponse, []byte, error)
	// UpdateWorkerControllerInstance creates, changes and removes groups of a version.
	UpdateWorkerControllerInstance(ctx context.Context, ns *namespace.Namespace, version *deploymentpb.WorkerDeploymentVersion,
		conflictToken []byte, identity string, upserts map[string]iface.ScalingGroupSpecUpdate, removals []string) (*iface.UpdateResponse, error)
	// ValidateWorkerControllerInstanceSpec checks a change without making it.
	ValidateWorkerControllerInstanceSpec(ctx context.Context, ns *namespace.Namespace, version *deploymentpb.WorkerDeploymentVersion,
		identity string, upserts map[string]iface.ScalingGroupSpecUpdate, removals []string) error
	// DeleteWorkerControllerInstance forgets a version; an unknown version is no error.
	DeleteWorkerControllerInstance(ctx context.Context, ns *namespace.Namespace,
		version *deploymentpb.WorkerDeploymentVersion, identity string) error
}

// Module provides a Client that has no instances and accepts none.
var Module = fx.Provide(func() Client { return absent{} })

const unavailable = "auto-scaled workers are not part of this server"

type absent struct{}

func (absent) DescribeWorkerControllerInstance(context.Context, *namespace.Namespace,
	*deploymentpb.WorkerDeploymentVersion) (*iface.DescribeResponse, []byte, error) {
	return nil, nil, serviceerror.NewNotFound(unavailable)
}

func (absent) UpdateWorkerControllerInstance(context.Context, *namespace.Namespace, *deploymentpb.WorkerDeploymentVersion,
	[]byte, string, map[string]iface.ScalingGroupSpecUpdate, []string) (*iface.UpdateResponse, error) {
	return nil, serviceerror.NewUnimplemented(unavailable)
}

func (absent) ValidateWorkerControllerInstanceSpec(context.Context, *namespace.Namespace, *deploymentpb.WorkerDeploymentVersion,
	string, map[string]iface.ScalingGroupSpecUpdate, []string) error {
	return serviceerror.NewUnimplemented(unavailable)
}

func (absent) DeleteWorkerControllerInstance(context.Context, *namespace.Namespace,
	*deploymentpb.WorkerDeploymentVersion, string) error {
	return nil
}
