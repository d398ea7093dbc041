package openapi

import (
	"bytes"
	"io"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"framegate/gateway/api/problem"
)

// whole is a middleware that keeps an answer until it is whole: so a status can
// still be put right, lengths are known, and a peer that goes away is no error.
func whole(ctx huma.Context, next func(huma.Context)) {
	answer := &wholeAnswer{humaContext: ctx}
	next(answer)
	if answer.status == 0 {
		return
	}
	if answer.body.Len() > 0 {
		ctx.SetHeader("Content-Length", strconv.Itoa(answer.body.Len()))
	}
	ctx.SetStatus(answer.status)
	_, _ = ctx.BodyWriter().Write(answer.body.Bytes())
}

// humaContext is a name for the embedded field, beside the method Context.
type humaContext huma.Context

type wholeAnswer struct {
	humaContext
	status int
	body   bytes.Buffer
}

func (a *wholeAnswer) SetStatus(status int)  { a.status = status }
func (a *wholeAnswer) Status() int           { return a.status }
func (a *wholeAnswer) BodyWriter() io.Writer { return &a.body }

// withoutValues bounds problems, and makes them of package huma's errors. Those repeat what was
// sent, which may be a password. What does not fit the schema is a bad request;
// 422 is for what fits and cannot be accepted.
func withoutValues(ctx huma.Context, _ string, v any) (any, error) {
	if p, ok := v.(*problem.Problem); ok {
		p.Bound()
	}
	model, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := problem.New(model.Status, "the request is not what this address takes")
	if p.Status == http.StatusUnprocessableEntity {
		p = problem.New(http.StatusBadRequest, p.Detail)
	}
	for _, e := range model.Errors {
		p.Errors = append(p.Errors, problem.Fault{Location: e.Location, Detail: e.Message})
	}
	p.Bound()
	ctx.SetStatus(p.Status)
	return p, nil
}
