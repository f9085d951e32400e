// Renders the templates of a JSON array with Go's own text/template, for comparison.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/template"
	"time"
)

type result struct {
	Ok  bool   `json:"ok"`
	Out string `json:"out"`
}

func main() {
	var templates []string
	if err := json.NewDecoder(os.Stdin).Decode(&templates); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	data := map[string]any{
		"Version": "1.2.3", "Os": "linux", "Empty": "", "Yes": true, "No": false, "Major": 1, "Minor": 22,
		"Env":   map[string]string{"FOO": "bar", "EMPTY": ""},
		"Items": []string{"a", "b", "c"}, "None": []string{},
		"Now": time.Date(2026, 3, 9, 2, 6, 7, 10500000, time.UTC),
	}
	functions := template.FuncMap{
		"replace": strings.ReplaceAll, "split": strings.Split, "tolower": strings.ToLower,
		"toupper": strings.ToUpper, "trim": strings.TrimSpace, "contains": strings.Contains,
		"trimprefix": strings.TrimPrefix,
		"list": func(items ...string) []string { return items },
	}
	results := []result{}
	for _, text := range templates {
		var out strings.Builder
		parsed, err := template.New("tmpl").Option("missingkey=error").Funcs(functions).Parse(text)
		if err == nil {
			err = parsed.Execute(&out, data)
		}
		if err != nil {
			results = append(results, result{Out: err.Error()})
		} else {
			results = append(results, result{Ok: true, Out: out.String()})
		}
	}
	_ = json.NewEncoder(os.Stdout).Encode(results)
}
