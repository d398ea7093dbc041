package rtspcam

import (
	"errors"
	"fmt"

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

// sanitize takes out of an answer what would lead packets astray. A header that
// comes more than once is gortsplib's to refuse.
func sanitize(res *base.Response) {
	for i, value := range res.Header["Transport"] {
		res.Header["Transport"][i] = agreedTransport(value, "")
	}
}
