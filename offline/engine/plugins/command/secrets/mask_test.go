package secrets

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

func secret(text string) property.Value { return property.New(text).WithSecret(true) }

func TestMask(t *testing.T) {
	for _, c := range []struct {
		title      string
		value      property.Value
		text, want string
	}{
		{"leaves what is no secret", property.New("plain"), "plain text", "plain text"},
		{"masks a value", secret("hunter2"), "password hunter2 is wrong, hunter2!", "password [secret] is wrong, [secret]!"},
		{"masks a short value", secret("pw"), "pw", "[secret]"},
		{"masks a value without its newline", secret("hunter2\n"), "got 'hunter2'", "got '[secret]'"},
		{"masks a number", property.New(4711.0).WithSecret(true), "pin 4711", "pin [secret]"},
		{"masks each line of a value", secret("first line\nsecond line\n"), "2: second line", "2: [secret]"},
		{"masks a quoted word", secret("ALTER ROLE a PASSWORD 'hunter2';"), "near hunter2", "near [secret]"},
		{"leaves the names of values in JSON", secret(`[{"path":"/home/token","mode" : "0400"}]`), "health.path; /home/token is 0400", "health.path; [secret] is [secret]"},
		{"masks a property's value", secret("user=joe\npassword = hunter2"), "hunter2 was refused", "[secret] was refused"},
		{"masks below a secret map", property.New(map[string]property.Value{"A": property.New("hunter2")}).WithSecret(true), "hunter2", "[secret]"},
		{"masks in a list", property.New([]property.Value{property.New("open"), secret("hunter2")}), "open hunter2", "open [secret]"},
		{"masks the longer of two", property.New([]property.Value{secret("abcd"), secret("abcdef")}), "abcdef abcd", "[secret] [secret]"},
		{"ignores blank secrets", secret("  \n"), "a  \nb", "a  \nb"},
	} {
		t.Run(c.title, func(t *testing.T) {
			masker := NewMasker(property.NewMap(map[string]property.Value{"input": c.value}))
			if got := masker.Mask(c.text); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
