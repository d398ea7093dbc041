package rtspcam

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"

	"framegate/gateway/stream"
)

// explain says what an error of the client means, and what was being done.
func explain(doing string, u *base.URL, err error) error {
	var unknown liberrors.ErrClientAuthSetup
	switch {
	case errors.As(err, &unknown):
		return fmt.Errorf("%w: it asks for a login of a kind that is not supported", stream.ErrDenied)
	case isStatus(err, base.StatusUnauthorized) && u.User == nil:
		return fmt.Errorf("%w: it asks for a user name and password, and none are configured", stream.ErrDenied)
	case isStatus(err, base.StatusUnauthorized):
		return fmt.Errorf("%w: wrong user name or password", stream.ErrDenied)
	case isStatus(err, base.StatusForbidden):
		return fmt.Errorf("%w: it forbids %s", stream.ErrDenied, doing)
	case isStatus(err, base.StatusNotFound):
		return fmt.Errorf("%s: camera does not know the path of the URL (404)", doing)
	case isStatus(err, base.StatusUnsupportedTransport):
		return fmt.Errorf("%s: camera refuses the transport (461)", doing)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

func isStatus(err error, code base.StatusCode) bool {
	var status liberrors.ErrClientBadStatusCode
	return errors.As(err, &status) && status.Code == code
}

// sanitize takes out of an answer what would lead packets astray: where a
// camera says that they come from another host, gortsplib would send ours
// there. They are exchanged with the host we are connected to, and no other.
func sanitize(res *base.Response) {
	for i, value := range res.Header["Transport"] {
		fields := strings.Split(value, ";")
		kept := fields[:0]
		for _, field := range fields {
			if !strings.HasPrefix(strings.ToLower(strings.TrimSpace(field)), "source=") {
				kept = append(kept, field)
			}
		}
		res.Header["Transport"][i] = strings.Join(kept, ";")
	}
}
