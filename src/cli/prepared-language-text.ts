import { actions } from '../actions/index.ts';
import { prepareLanguage } from '../runbook/prepare-language.ts';

/** The definitions of runbooks and environments as data, the text of `dist/language.json`. */
export function preparedLanguageText(): string {
  return JSON.stringify(prepareLanguage(actions));
}
