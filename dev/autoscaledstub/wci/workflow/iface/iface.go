// Package iface holds the data that Temporal's server exchanges with the auto-scaled workers component.
//
// This module takes the place of go.temporal.io/auto-scaled-workers, which brings the client libraries of Kubernetes and
// of three clouds into the binary. The embedded development server never scales workers, so only the shapes that the
// server compiles against (service/worker/workerdeployment of go.temporal.io/server v1.32.1) are here. A server that
// needs more fails to compile, not at run time.
package iface

import (
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
)

// ComputeProviderType names the place where workers would be run.
type ComputeProviderType string

// ScalingAlgorithmType names the rule by which workers would be added and taken away.
type ScalingAlgorithmType string

// ValidationResult is the outcome of checking a specification.
type ValidationResult string

// ValidationResultFailed says that the specification was checked and refused.
const ValidationResultFailed ValidationResult = "failed"

// ComputeProviderSpec says where the workers of a group would be run.
type ComputeProviderSpec struct {
	ProviderType  ComputeProviderType
	Config        *commonpb.Payload
	NexusEndpoint string
}

// ScalingAlgorithmSpec says by which rule a group would be scaled.
type ScalingAlgorithmSpec struct {
	ScalingAlgorithm ScalingAlgorithmType
	Config           *commonpb.Payload
}

// ScalingGroupSpec describes one group of workers; a nil Scaling means that the group has no rule of its own.
type ScalingGroupSpec struct {
	TaskTypes []enumspb.TaskQueueType
	Compute   ComputeProviderSpec
	Scaling   *ScalingAlgorithmSpec
}

// ScalingGroupSpecUpdate changes the fields of a group that UpdateMask names.
type ScalingGroupSpecUpdate struct {
	Spec       ScalingGroupSpec
	UpdateMask []string
}

// WorkerControllerInstanceSpec is the wanted state of all groups of one deployment version, by group name.
type WorkerControllerInstanceSpec struct {
	ScalingGroupSpecs map[string]ScalingGroupSpec
}

// ValidationStatus is the last known outcome of checking a specification. The server receives it as a signal.
type ValidationStatus struct {
	Status             ValidationResult
	ErrMessage         string
	LastValidationTime time.Time
}

// DescribeResponse is the current state of one deployment version.
type DescribeResponse struct {
	Spec             *WorkerControllerInstanceSpec
	ValidationStatus *ValidationStatus
}

// UpdateResponse is the state of one deployment version after an update.
type UpdateResponse struct {
	Spec *WorkerControllerInstanceSpec
}
