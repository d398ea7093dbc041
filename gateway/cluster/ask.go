package cluster

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Ask asks another node by HTTPS, by a client that connects to the node that the address
// names as its host, so that no two nodes share what is open to one, and gives its
// answer, whatever that is, once it is that node's and no other's. Whoever gets one closes
// its body.
func Ask(ctx context.Context, client *http.Client, method string, of, path string, body []byte) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, "https://"+of+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	if who := NodeOf(*answer.TLS); who != of {
		answer.Body.Close()
		return nil, fmt.Errorf("node %s answers where %s is to be", who, of)
	}
	return answer, nil
}

// callPatience bounds a call of this machine's own node.
const callPatience = 5 * time.Second

// Call calls the node that this identity is of, which listens for others at an address of this machine, and has read
// what it answers.
func (i *Identity) Call(ctx context.Context, address, method, path string, body []byte, read func(io.Reader) error) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	dialer := tls.Dialer{Config: i.TLS(i.Node)}
	client := http.Client{Timeout: callPatience, Transport: &http.Transport{DialTLSContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, net.JoinHostPort(host, port))
	}}}
	defer client.CloseIdleConnections()
	answer, err := Ask(ctx, &client, method, i.Node, path, body)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode >= http.StatusMultipleChoices {
		return errors.New(answer.Status)
	}
	return read(answer.Body)
}
