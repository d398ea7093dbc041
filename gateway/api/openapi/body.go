package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"framegate/gateway/api/problem"
)

const (
	// bodyPatience is how long a body may take to arrive.
	bodyPatience = 10 * time.Second
	// maxDepth bounds how deep a body's values may be nested: ours need two.
	maxDepth = 8
)

// bodyForm says what a pattern takes for a body.
type bodyForm struct {
	taken bool   // one at all
	free  string // the member that may hold any JSON, or WholeBody; "" for none
}

// gate reads the body of a request, which it gives with the body in memory. An
// operation that takes a body has it checked against its schema afterwards, by
// package huma; what that would let pass is refused here.
func gate(w http.ResponseWriter, r *http.Request, form bodyForm, maxBytes int64) (*http.Request, *problem.Problem) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return r, nil // their bodies mean nothing and are not read (RFC 9110 section 9.3.1)
	}
	body, p := readBody(w, r, maxBytes)
	if p != nil {
		return r, p
	}
	if p := checkType(r, len(body) > 0); p != nil {
		return r, p
	}
	if len(body) > 0 {
		if err := checkJSON(body, form.free); err != nil {
			return r, badBody(err)
		}
	}
	if !form.taken && len(body) > 0 && string(bytes.TrimSpace(body)) != "{}" {
		return r, badBody(errors.New("nothing is to be sent here"))
	}
	read := *r
	read.Body = io.NopCloser(bytes.NewReader(body))
	read.ContentLength = int64(len(body))
	return &read, nil
}

func badBody(err error) *problem.Problem {
	p := problem.New(http.StatusBadRequest, "the body is not what this address takes")
	p.Errors = []problem.Fault{{Location: "body", Detail: err.Error()}}
	return p
}

// readBody reads a body whole, within its limits.
func readBody(w http.ResponseWriter, r *http.Request, maxBytes int64) ([]byte, *problem.Problem) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyPatience)) // where it is no connection there is none to wait for
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBytes))
	// Else it would end the request while that is at work (net/http reads on to
	// hear of the peer's end).
	_ = control.SetReadDeadline(time.Time{})
	var tooLarge *http.MaxBytesError
	var network net.Error
	switch {
	case errors.As(err, &tooLarge):
		return nil, problem.New(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", maxBytes))
	case errors.As(err, &network) && network.Timeout():
		w.Header().Set("Connection", "close") // else net/http waits for the rest before it answers
		return nil, problem.New(http.StatusRequestTimeout, "the body took too long to arrive")
	case err != nil:
		return nil, problem.New(http.StatusBadRequest, "the body did not arrive whole")
	}
	return body, nil
}

// checkType wants JSON, which pages of other sites cannot send without asking.
func checkType(r *http.Request, hasBody bool) *problem.Problem {
	given := r.Header.Values("Content-Type")
	if len(given) == 0 && !hasBody {
		return nil
	}
	if len(given) == 1 {
		name, parameters, err := mime.ParseMediaType(given[0])
		charset := strings.ToLower(parameters["charset"])
		if err == nil && name == "application/json" && (charset == "" || charset == "utf-8") {
			return nil
		}
	}
	return problem.New(http.StatusUnsupportedMediaType, "the body has to be application/json")
}

// checkJSON refuses what readers of JSON disagree on (RFC 8259 sections 4 and
// 8.1): names that are there twice, text that is not UTF-8, depth; and nulls,
// which mean nothing here. Names are of small letters, so that "Source" is not
// taken for "source", as encoding/json would. Within what the member free holds, or in all
// where that is WholeBody, there may be nulls and any names.
func checkJSON(body []byte, free string) error {
	if !utf8.Valid(body) {
		return errors.New("is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := checkValue(d, 1, free, free == WholeBody); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("has something behind its end")
	}
	return nil
}

// checkValue reads one value, which is of the member free or any of a body.
func checkValue(d *json.Decoder, depth int, free string, isFree bool) error {
	token, err := d.Token()
	switch {
	case err != nil:
		return errors.New("is not JSON: " + strings.TrimPrefix(err.Error(), "json: "))
	case token == nil && !(isFree && (depth > 2 || depth == 2 && free == WholeBody)):
		return errors.New("holds a null; leave out what is to stay as it is")
	case depth > maxDepth:
		return errors.New("is nested too deep")
	}
	open, ok := token.(json.Delim)
	if !ok {
		return nil
	}
	names := make(map[string]bool)
	for d.More() {
		within := isFree
		if open == '{' {
			name, err := checkName(d, names, isFree)
			if err != nil {
				return err
			}
			within = isFree || depth == 1 && free != "" && name == free
		}
		if err := checkValue(d, depth+1, free, within); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return errors.New("is not JSON: it ends too early")
	}
	return nil
}

// checkName reads the name of a member, which may be any.
func checkName(d *json.Decoder, names map[string]bool, anyName bool) (string, error) {
	token, err := d.Token()
	if err != nil {
		return "", errors.New("is not JSON: " + err.Error())
	}
	name, ok := token.(string)
	if !ok {
		return "", errors.New("is not JSON: a member has no name")
	}
	if names[name] {
		return "", fmt.Errorf("has %.40q twice", name)
	}
	if !anyName && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return "", fmt.Errorf("has an unknown field %.40q", name)
	}
	names[name] = true
	return name, nil
}
