package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Ask asks another node by HTTPS, by a client that connects to nodes alone, and gives its
// answer, whatever that is, once it is that node's and no other's. Whoever gets one closes
// its body.
func Ask(ctx context.Context, client *http.Client, method string, of Place, path string, body []byte) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, "https://"+of.Relay+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	if who := NodeOf(*answer.TLS); who != of.Node {
		answer.Body.Close()
		return nil, fmt.Errorf("node %s answers where %s is to be", who, of.Node)
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
	client := http.Client{Timeout: callPatience, Transport: &http.Transport{TLSClientConfig: i.TLS(i.Node)}}
	defer client.CloseIdleConnections()
	answer, err := Ask(ctx, &client, method, Place{Node: i.Node, Relay: net.JoinHostPort(host, port)}, path, body)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode >= http.StatusMultipleChoices {
		return errors.New(answer.Status)
	}
	return read(answer.Body)
}
