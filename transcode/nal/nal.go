// Package nal has what the headers of H.264 and of H.265 have in common: bits and
// codes, parameter sets that pictures refer to by number, messages about pictures,
// and the order of output. It knows neither codec.
package nal
