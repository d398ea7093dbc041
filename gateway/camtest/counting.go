package camtest

import (
	"fmt"
	"sync/atomic"
	"time"
)

// NewCountingCamera starts an HTTP camera that sends numbered pictures of 96 x 64,
// 100 a second, from the one behind a number on, and counts on over connections.
// Close must be called in the end.
func NewCountingCamera(from int) (*HTTPCamera, error) { return NewHTTPCamera(Counting(from)) }

// Counting is what NewCountingCamera serves connections by.
func Counting(from int) func(*HTTPConn) {
	var number atomic.Int64
	number.Store(int64(from))
	return func(c *HTTPConn) {
		if c.Request() == nil || !c.Send("HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n--b\r\n") {
			return
		}
		for {
			picture := Picture(int(number.Add(1)), 96, 64)
			if !c.Send(fmt.Sprintf("Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n", len(picture)), picture, "\r\n--b\r\n") {
				return
			}
			time.Sleep(10 * time.Millisecond) // the camera's own pace
		}
	}
}
