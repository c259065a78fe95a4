package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"lastday"
)

func (d *iamDriver) accessKeys(ctx context.Context, user *string) ([]types.AccessKeyMetadata, error) {
	const op = "aws-iam: list access keys"
	return all(op, func(at *string) ([]types.AccessKeyMetadata, *string, error) {
		out, err := read(ctx, op, d.iam.ListAccessKeys, &iam.ListAccessKeysInput{UserName: user, Marker: at})
		if err != nil {
			return nil, nil, err
		}
		for _, x := range out.AccessKeyMetadata {
			if text(x.UserName) != text(user) {
				return nil, nil, somebodyElses(op)
			}
		}
		return out.AccessKeyMetadata, marker(out.IsTruncated, out.Marker), nil
	})
}

func (d *iamDriver) sshKeys(ctx context.Context, user *string) ([]types.SSHPublicKeyMetadata, error) {
	const op = "aws-iam: list SSH public keys"
	return all(op, func(at *string) ([]types.SSHPublicKeyMetadata, *string, error) {
		out, err := read(ctx, op, d.iam.ListSSHPublicKeys, &iam.ListSSHPublicKeysInput{UserName: user, Marker: at})
		if err != nil {
			return nil, nil, err
		}
		for _, x := range out.SSHPublicKeys {
			if text(x.UserName) != text(user) {
				return nil, nil, somebodyElses(op)
			}
		}
		return out.SSHPublicKeys, marker(out.IsTruncated, out.Marker), nil
	})
}

func (d *iamDriver) certificates(ctx context.Context, user *string) ([]types.SigningCertificate, error) {
	const op = "aws-iam: list signing certificates"
	return all(op, func(at *string) ([]types.SigningCertificate, *string, error) {
		out, err := read(ctx, op, d.iam.ListSigningCertificates, &iam.ListSigningCertificatesInput{UserName: user, Marker: at})
		if err != nil {
			return nil, nil, err
		}
		for _, x := range out.Certificates {
			if text(x.UserName) != text(user) {
				return nil, nil, somebodyElses(op)
			}
		}
		return out.Certificates, marker(out.IsTruncated, out.Marker), nil
	})
}

func (d *iamDriver) serviceCredentials(ctx context.Context, user *string) ([]types.ServiceSpecificCredentialMetadata, error) {
	const op = "aws-iam: list service-specific credentials"
	return all(op, func(at *string) ([]types.ServiceSpecificCredentialMetadata, *string, error) {
		out, err := read(ctx, op, d.iam.ListServiceSpecificCredentials, &iam.ListServiceSpecificCredentialsInput{UserName: user, Marker: at})
		if err != nil {
			return nil, nil, err
		}
		for _, x := range out.ServiceSpecificCredentials {
			if text(x.UserName) != text(user) {
				return nil, nil, somebodyElses(op)
			}
		}
		return out.ServiceSpecificCredentials, marker(out.IsTruncated, out.Marker), nil
	})
}

func (d *iamDriver) groups(ctx context.Context, user *string) ([]types.Group, error) {
	const op = "aws-iam: list groups of the user"
	return all(op, func(at *string) ([]types.Group, *string, error) {
		out, err := read(ctx, op, d.iam.ListGroupsForUser, &iam.ListGroupsForUserInput{UserName: user, Marker: at})
		if err != nil {
			return nil, nil, err
		}
		return out.Groups, marker(out.IsTruncated, out.Marker), nil
	})
}

func (d *iamDriver) attached(ctx context.Context, user *string) ([]types.AttachedPolicy, error) {
	const op = "aws-iam: list attached policies"
	return all(op, func(at *string) ([]types.AttachedPolicy, *string, error) {
		out, err := read(ctx, op, d.iam.ListAttachedUserPolicies, &iam.ListAttachedUserPoliciesInput{UserName: user, Marker: at})
		if err != nil {
			return nil, nil, err
		}
		return out.AttachedPolicies, marker(out.IsTruncated, out.Marker), nil
	})
}

// somebodyElses refuses an answer about another user than the one asked for.
func somebodyElses(op string) error {
	return lastday.Errorf(lastday.CodeInvalid, op, "the answer is about another user than the one asked for")
}
