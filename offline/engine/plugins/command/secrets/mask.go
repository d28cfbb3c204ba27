// Package secrets finds the secret values of a request and keeps them out of what people see.
package secrets

import (
	"context"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// Placeholder stands where a secret stood, as in Pulumi's own output.
const Placeholder = "[secret]"

// Parts of a secret (a line, a quoted word, a value behind "=") shorter than this would mask ordinary text.
const shortestPart = 4

// Masker replaces secret values in text. The zero value masks nothing.
type Masker struct {
	values   map[string]bool
	replacer *strings.Replacer
	withhold bool
}

// NewMasker collects every secret string and number in maps, however deep.
func NewMasker(maps ...property.Map) *Masker {
	m := &Masker{values: map[string]bool{}}
	for _, each := range maps {
		m.collect(property.New(each), false)
	}
	ordered := make([]string, 0, len(m.values))
	for value := range m.values {
		ordered = append(ordered, value)
	}
	// Longest first: a secret that contains another one is replaced whole.
	sort.Slice(ordered, func(i, j int) bool {
		if len(ordered[i]) != len(ordered[j]) {
			return len(ordered[i]) > len(ordered[j])
		}
		return ordered[i] < ordered[j]
	})
	pairs := make([]string, 0, 2*len(ordered))
	for _, value := range ordered {
		pairs = append(pairs, value, Placeholder)
	}
	m.replacer = strings.NewReplacer(pairs...)
	return m
}

// WithholdOutput marks that the command text itself is secret: then any word of the output may be a piece of it.
func (m *Masker) WithholdOutput() { m.withhold = true }

// Withheld tells whether output must not be shown at all.
func (m *Masker) Withheld() bool { return m.withhold }

// Mask returns text with every secret replaced.
func (m *Masker) Mask(text string) string {
	if m.replacer == nil {
		return text
	}
	return m.replacer.Replace(text)
}

func (m *Masker) collect(value property.Value, secret bool) {
	secret = secret || value.Secret()
	switch {
	case value.IsMap():
		for _, child := range value.AsMap().All {
			m.collect(child, secret)
		}
	case value.IsArray():
		for _, child := range value.AsArray().All {
			m.collect(child, secret)
		}
	case secret && value.IsString():
		m.add(value.AsString())
	case secret && value.IsNumber():
		m.add(strconv.FormatFloat(value.AsNumber(), 'f', -1, 64))
	}
}

// A quoted word, and the colon behind it that makes it the name of a value in JSON.
var quoted = regexp.MustCompile(`'([^']*)'|"([^"]*)"(\s*:)?`)

// add takes the value and those parts that tools are known to print alone: a line, a quoted word, a property's value.
func (m *Masker) add(value string) {
	m.part(value, 1)
	m.part(strings.TrimSpace(value), 1)
	for _, line := range strings.Split(value, "\n") {
		m.part(strings.TrimSpace(line), shortestPart)
		if _, after, found := strings.Cut(line, "="); found {
			m.part(strings.TrimSpace(after), shortestPart)
		}
		for _, match := range quoted.FindAllStringSubmatch(line, -1) {
			m.part(match[1], shortestPart)
			if match[3] == "" {
				m.part(match[2], shortestPart)
			}
		}
	}
}

func (m *Masker) part(text string, shortest int) {
	if strings.TrimSpace(text) != "" && len(text) >= shortest {
		m.values[text] = true
	}
}

type contextKey struct{}

// NewContext hands masker to the code that runs below.
func NewContext(ctx context.Context, masker *Masker) context.Context {
	return context.WithValue(ctx, contextKey{}, masker)
}

// FromContext returns the request's masker, or one that masks nothing.
func FromContext(ctx context.Context) *Masker {
	if masker, ok := ctx.Value(contextKey{}).(*Masker); ok {
		return masker
	}
	return &Masker{}
}
