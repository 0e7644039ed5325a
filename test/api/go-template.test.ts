import { describe, expect, it } from 'vitest';
import { renderTemplate } from '../../src/api/go-template.ts';

const report = {
  Ready: true,
  Version: '0.1.0',
  IPAM: null,
  Router: { Peers: [{ Name: 'a' }, { Name: 'b' }], Targets: ['192.0.2.2', '192.0.2.3'] },
  DNS: { Domain: 'weave.local.', TTL: 1, Entries: null },
};

describe('a Go template', () => {
  it.each([
    ['', ''],
    ['plain', 'plain'],
    ['{{.Version}}', '0.1.0'],
    ['{{ .DNS.Domain }} {{.DNS.TTL}}', 'weave.local. 1'],
    ['{{.Ready}} {{.IPAM}} {{.Router.Targets}}', 'true <nil> [192.0.2.2 192.0.2.3]'],
    ['{{json .DNS}}', '{"Domain":"weave.local.","TTL":1,"Entries":null}'],
    ['{{.DNS.Domain | json}}', '"weave.local."'],
    ['{{len .Router.Peers}} {{len .DNS.Entries}} {{.Version | len}}', '2 0 5'],
    ['{{range .Router.Peers}}{{.Name}} {{end}}', 'a b '],
    ['{{range .Router.Peers}}\n{{- .Name -}}\n{{end}}', 'ab'],
    ['{{range .DNS.Entries}}{{.}}{{else}}none{{end}}', 'none'],
    ['{{if .Ready}}yes{{else}}no{{end}}{{if .IPAM}}!{{end}}', 'yes'],
    ['{{if .Router.Targets}}{{range .Router.Targets}}{{.}},{{end}}{{end}}', '192.0.2.2,192.0.2.3,'],
    ['{{range .Router.Targets}}{{if .}}{{"x"}}{{end}}{{end}}', 'xx'],
  ])('%j gives %j', (template, text) => {
    expect(renderTemplate(template, report)).toEqual({ ok: true, value: text });
  });

  it.each([
    ['{{.Nope}}', 'there is no field "Nope"; it has Ready, Version, IPAM, Router, DNS'],
    ['{{.DNS.Domain.X}}', 'there is no field "X"'],
    ['{{.constructor}}', 'there is no field "constructor"; it has Ready, Version, IPAM, Router, DNS'],
    ['{{.DNS}}', 'this value has fields: name one of them, or print it with json'],
    ['{{printf "%s" .Version}}', '"printf" is not supported'],
    ['{{$x}}', '"$x" is not supported'],
    ['{{upper .Version}}', '"upper" is not supported'],
    ['{{with .DNS}}{{end}}', '"with" is not supported'],
    ['{{end}}', '"end" is not supported'],
    ['{{range .Router.Peers}}', 'the template lacks an {{end}}'],
    ['{{range .Version}}{{end}}', 'range needs a list'],
    ['{{len .Ready}}', 'len needs a list, a map or a text'],
    ['{{.Ready', 'the template has a "{{" without its "}}"'],
    ['{{}}', '"" is not supported'],
    ['{{if .Ready}}'.repeat(20), 'the template nests deeper than 8'],
    ['x'.repeat(5_000), 'the template is longer than 4096 characters'],
  ])('%j is refused', (template, problem) => {
    const rendered = renderTemplate(template, report);
    expect(rendered).toMatchObject({ ok: false, problem: expect.stringContaining(problem) });
  });

  it('cannot be made to print without end', () => {
    const many = Array.from({ length: 1_000 }, () => 'x'.repeat(100));
    const nested = '{{range .Lists}}{{range .Many}}{{.}}{{end}}{{end}}';
    expect(renderTemplate(nested, { Lists: Array(10_000).fill({ Many: many }) })).toMatchObject({
      ok: false,
      problem: 'the output is longer than 16777216 characters',
    });
  });
});
