package front

import (
	"bytes"
	"net/http"
)

// kept is an answer that is said otherwise.
type kept struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newKept() *kept { return &kept{header: make(http.Header), status: http.StatusOK} }

// Header implements http.ResponseWriter.
func (k *kept) Header() http.Header { return k.header }

// WriteHeader implements http.ResponseWriter.
func (k *kept) WriteHeader(status int) { k.status = status }

// Write implements http.ResponseWriter, and never fails.
func (k *kept) Write(b []byte) (int, error) { return k.body.Write(b) }
