package problem

import (
	"fmt"
	"net/http"
)

// Code says for programs what kind of problem it is: words may become others, and be
// translated, while a code stays what it is.
type Code string

// The codes that more than the status tells apart.
const (
	WrongLogin      Code = "wrong_login"
	NothingRecorded Code = "nothing_recorded"
	Exists          Code = "exists"
	TooMany         Code = "too_many"
	LastAdmin       Code = "last_admin"
	OfFile          Code = "of_file"
	NotDone         Code = "not_done"
	WeakPassword    Code = "weak_password"
	WrongPassword   Code = "wrong_password"
	TooLong         Code = "too_long"
	TooManyAttempts Code = "too_many_attempts"
	Locked          Code = "locked"
	ReadOnly        Code = "read_only"
	Ending          Code = "ending"
	NotWritten      Code = "not_written"
	NoPTZ           Code = "no_ptz"
	CameraLogin     Code = "camera_login"
	Apart           Code = "apart"
)

// internal is the code of what has no other.
const internal Code = "internal"

// kind is what is told of a code.
type kind struct {
	code   Code
	status int
	means  string
}

// kinds says which status a problem of each code has, and what the code means. The
// first of a status is that of problems that tell no more.
var kinds = []kind{
	{"bad_request", http.StatusBadRequest, "the request is not what the address takes"},
	{"not_logged_in", http.StatusUnauthorized, "nobody is logged in, or not any more"},
	{WrongLogin, http.StatusUnauthorized, "a name, a password or a link that does not log in"},
	{"not_allowed", http.StatusForbidden, "who asks may not do it"},
	{"not_there", http.StatusNotFound, "there is nothing of that name, or who asks may not see it"},
	{NothingRecorded, http.StatusNotFound, "nothing was recorded then"},
	{"wrong_method", http.StatusMethodNotAllowed, "the address takes other methods"},
	{"too_slow", http.StatusRequestTimeout, "what was sent took too long to arrive"},
	{"conflict", http.StatusConflict, "it does not go with what there is"},
	{Exists, http.StatusConflict, "there is one of that name"},
	{TooMany, http.StatusConflict, "there are as many as there may be"},
	{LastAdmin, http.StatusConflict, "nobody would be admin"},
	{OfFile, http.StatusConflict, "it is of the configuration file, and changed there"},
	{NotDone, http.StatusConflict, "it is not ready"},
	{NoPTZ, http.StatusConflict, "the camera does not turn, or nothing says where it is told to"},
	{"changed_meanwhile", http.StatusPreconditionFailed, "somebody else changed it meanwhile"},
	{"too_large", http.StatusRequestEntityTooLarge, "what was sent is too large"},
	{"wrong_type", http.StatusUnsupportedMediaType, "what was sent is of a kind that is not taken"},
	{"wrong_host", http.StatusMisdirectedRequest, "the server does not go by the name that it was asked by"},
	{"invalid", http.StatusUnprocessableEntity, "a value cannot be taken; errors says which"},
	{WeakPassword, http.StatusUnprocessableEntity, "the new password is too weak"},
	{WrongPassword, http.StatusUnprocessableEntity, "the present password is another"},
	{TooLong, http.StatusUnprocessableEntity, "too much time for one file"},
	{"too_often", http.StatusTooManyRequests, "too many requests; Retry-After says when to come back"},
	{TooManyAttempts, http.StatusTooManyRequests, "too many wrong passwords; none is looked at for a while"},
	{internal, http.StatusInternalServerError, "something went wrong inside"},
	{"camera_failed", http.StatusBadGateway, "the camera does not do it"},
	{CameraLogin, http.StatusBadGateway, "the camera wants another name or password"},
	{"busy", http.StatusServiceUnavailable, "not at the moment; try again"},
	{Locked, http.StatusServiceUnavailable, "another process is writing what this would change"},
	{ReadOnly, http.StatusServiceUnavailable, "the disk of the recordings, or that of the data folder, cannot be written"},
	{Ending, http.StatusServiceUnavailable, "the server ends"},
	{Apart, http.StatusServiceUnavailable, "this node of a cluster does not reach those that keep what all have in common, or too few of them live"},
	{"camera_silent", http.StatusGatewayTimeout, "the camera does not answer"},
	{"disk_full", http.StatusInsufficientStorage, "the disk is full, and nothing was changed"},
	{NotWritten, http.StatusInsufficientStorage, "it holds until a restart, since it could not be written"},
}

// codeOf gives the code of a status.
func codeOf(status int) Code {
	for _, k := range kinds {
		if k.status == status {
			return k.code
		}
	}
	return internal
}

// Coded gives the problem another code, which has to be one of its status.
func (p *Problem) Coded(code Code) *Problem {
	p.Code = code
	return p
}

// Codes gives a line on each code that there is, in the order of their statuses.
func Codes() (lines []string) {
	for _, k := range kinds {
		lines = append(lines, fmt.Sprintf("%s (%d): %s", k.code, k.status, k.means))
	}
	return lines
}
