package rtspcam

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"

	"framegate/gateway/stream"
)

// explain says what an error of the client means, and what was being done.
func explain(doing string, err error) error {
	var noTLS tls.RecordHeaderError
	switch {
	case errors.Is(err, stream.ErrDenied):
		return err
	case isStatus(err, base.StatusForbidden):
		return fmt.Errorf("%w: it forbids %s", stream.ErrDenied, doing)
	case isStatus(err, base.StatusNotFound):
		return fmt.Errorf("%s: camera does not know the path of the URL (404)", doing)
	case isStatus(err, base.StatusUnsupportedTransport):
		return fmt.Errorf("%s: camera refuses the transport (461)", doing)
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%s: camera closed the connection without an answer", doing)
	case errors.As(err, &noTLS):
		return fmt.Errorf("%s: this is no port of TLS: write rtsp://, or use the camera's port for TLS, which is mostly 322", doing)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

func isStatus(err error, code base.StatusCode) bool {
	var status liberrors.ErrClientBadStatusCode
	return errors.As(err, &status) && status.Code == code
}
