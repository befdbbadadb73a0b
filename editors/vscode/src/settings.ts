// The settings, as package.json declares them.
import { workspace } from 'vscode';

/** The program `theater`. */
export function program(): string {
  return workspace.getConfiguration('theater').get<string>('path') || 'theater';
}

/** Further arguments of `theater lsp`. */
export function serverArguments(): string[] {
  return workspace.getConfiguration('theater').get<string[]>('arguments') ?? [];
}
