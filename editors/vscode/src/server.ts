// The language server's process and what the status bar says of it.
import { StatusBarAlignment, ThemeColor, window, type Disposable, type StatusBarItem } from 'vscode';
import { LanguageClient, State } from 'vscode-languageclient/node';
import { program, serverArguments } from './settings';

/** `theater lsp`, started and stopped as the editor wants it. */
export class Server implements Disposable {
  private client: LanguageClient | undefined;
  private readonly status: StatusBarItem;
  private readonly output = window.createOutputChannel('Theater', { log: true });

  constructor() {
    this.status = window.createStatusBarItem('theater.server', StatusBarAlignment.Right);
    this.status.name = 'Theater';
    this.status.command = 'theater.showOutput';
    this.status.show();
    this.show(State.Stopped);
  }

  /** Starts the server; says what to do if it cannot be started. */
  async start(): Promise<void> {
    const command = program();
    const server = { command, args: ['lsp', '--stdio', ...serverArguments()] };
    const client = new LanguageClient('theater', 'Theater', server, {
      documentSelector: [
        { scheme: 'file', pattern: '**/theater.toml' },
        { scheme: 'file', language: 'wit' },
      ],
      outputChannel: this.output,
    });
    this.client = client;
    client.onDidChangeState(({ newState }) => this.show(newState));
    try {
      await client.start();
    } catch (error) {
      this.show(State.Stopped);
      const reason = error instanceof Error ? error.message : String(error);
      // Not awaited: the message stays until somebody reads it.
      void window.showErrorMessage(
        `Theater: cannot start \`${command} lsp\`: ${reason}. Install theater, or set "theater.path".`,
      );
    }
  }

  async stop(): Promise<void> {
    const stopping = this.client;
    this.client = undefined;
    // A server that never started, or that has died, cannot be stopped.
    await stopping?.stop().catch(() => {});
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  showOutput(): void {
    this.output.show();
  }

  dispose(): void {
    this.status.dispose();
    this.output.dispose();
  }

  private show(state: State): void {
    const stopped = state === State.Stopped;
    const icon = stopped ? '$(error)' : state === State.Starting ? '$(loading~spin)' : '$(check)';
    this.status.text = `${icon} Theater`;
    this.status.tooltip = stopped ? 'theater lsp does not run' : `${program()} lsp`;
    this.status.backgroundColor = stopped ? new ThemeColor('statusBarItem.errorBackground') : undefined;
  }
}
